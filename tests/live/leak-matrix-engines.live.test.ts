/** Leak matrix: events with other engines, and events with steering by fwmark. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { aShareOf } from '../thorough.ts';
import { fullEngine, matrixParts } from './leak-matrix/parts.ts';

const parts = await matrixParts();
defineMatrix(aShareOf(parts.filter(({ engine, what }) => engine !== fullEngine || what === 'marks')));
