/** Leak matrix: runs killed at each of their boundaries. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { matrixParts } from './leak-matrix/parts.ts';

const parts = await matrixParts();
defineMatrix(parts.filter(({ what }) => what === 'kills'));
