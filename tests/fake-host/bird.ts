/** BIRD 2.0.12, as far as mustredirect starts, asks, changes and ends it. */
import type { Output } from '../../src/host/ports.ts';
import { type FakeState, unknownToFake } from './state.ts';

/** `bird -p -c FILE` checks a configuration: this one knows only whether the braces are even. */
export function runBird({ files }: FakeState, args: readonly string[]): Output {
  if (args.join(' ') === '--version') return { exitCode: 0, stdout: '', stderr: 'BIRD version 2.0.12\n' };
  const [parse, flag, path = ''] = args;
  if (parse !== '-p' || flag !== '-c') return unknownToFake(`bird ${args.join(' ')}`);
  const text = files.get(path);
  if (text === undefined) return failed(`Unable to open configuration file ${path}`);
  return text.split('{').length === text.split('}').length
    ? done('')
    : failed(`${path}:1:1 syntax error, unexpected end of file`);
}

export function runBirdc(state: FakeState, [flag, socket = '', ...words]: readonly string[]): Output {
  if (flag !== '-s') return unknownToFake(`birdc ${flag}`);
  if (state.bird === undefined) return failed(`Unable to connect to server control socket (${socket})`);
  const command = words.join(' ');
  const say = (text: string): Output => done(`BIRD 2.0.12 ready.\n${text}\n`);
  if (command === 'eval mustredirect') return say(/define mustredirect = "(.*)"/.exec(state.bird)?.[1] ?? '');
  if (command === 'configure status')
    return say(
      `Daemon is up and running${state.birdUnconfirmed ? '\nConfiguration unconfirmed, undo in 59.987 s' : ''}`,
    );
  if (command === 'configure confirm') {
    if (!state.birdUnconfirmed) return say('Nothing to do');
    state.birdUnconfirmed = false;
    return say('Reconfiguration confirmed');
  }
  if (!command.startsWith('configure timeout ')) return unknownToFake(`birdc ${command}`);
  state.bird = readConfig(state, socket.replace(/[^/]*$/, ''));
  state.birdUnconfirmed = true;
  return say('Reconfigured');
}

/** `setsid --fork sh -c SUPERVISOR mustredirect-bird FOLDER` */
export function startBird(state: FakeState, args: readonly string[]): Output {
  const [fork, shell, flag, , name, folder = ''] = args;
  if (fork !== '--fork' || shell !== 'sh' || flag !== '-c' || name !== 'mustredirect-bird')
    return unknownToFake(`setsid ${args.join(' ')}`);
  state.bird = readConfig(state, `${folder}/`);
  state.birdUnconfirmed = false;
  return done('');
}

/** `sh -c ENDING mustredirect-bird-end FOLDER`: BIRD and its routes are gone. */
export function endBird(state: FakeState, changed: (what: string) => void): Output {
  state.bird = undefined;
  state.routes = state.routes.filter(({ protocol, metric }) => protocol !== 12 || metric !== 136);
  changed('bird ended');
  return done('');
}

function readConfig({ files }: FakeState, folder: string): string {
  return files.get(`${folder}bird.conf`) ?? unknownToFake(`bird without ${folder}bird.conf`);
}

function done(stdout: string): Output {
  return { exitCode: 0, stdout, stderr: '' };
}

function failed(message: string): Output {
  return { exitCode: 1, stdout: '', stderr: `${message}\n` };
}
