/** The error of a network that exists and can never be redirected. */
import { MustredirectError } from '../error.ts';

/** @param what where it is, and what is in the way: `docker has it, and it is internal` */
export function unfitNetwork(name: string, what: string): MustredirectError {
  return new MustredirectError('refused', `network ${name}: ${what}`, {
    hint: 'only a network of one bridge that leads outside can be redirected: name another, or create one',
  });
}
