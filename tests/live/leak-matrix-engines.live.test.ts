/** The leak matrix: what the other engines do. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { fullEngine, matrixParts } from './leak-matrix/parts.ts';

const parts = await matrixParts();
defineMatrix(parts.filter(({ engine }) => engine !== fullEngine));
