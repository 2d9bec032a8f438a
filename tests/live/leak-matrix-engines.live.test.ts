/** The leak matrix: what the other engines do, and what happens where a mark steers. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { fullEngine, matrixParts } from './leak-matrix/parts.ts';

const parts = await matrixParts();
defineMatrix(parts.filter(({ engine, what }) => engine !== fullEngine || what === 'marks'));
