/** Passwords of routing sessions. They are given to BIRD in files that only root can read, and to nobody else. */
import { type SecretFault, secretFault } from '../files/secret-file.ts';
import type { Files } from '../ports.ts';

/** TCP_MD5SIG_MAXKEYLEN; in BIRD's text a quote ends a string, and nothing escapes it */
const passwordPattern = /^[ !#-~]{1,80}$/;

export async function passwordFault(files: Files, path: string): Promise<SecretFault | undefined> {
  const making = `write it: (umask 077; cat > ${path})`;
  const fault = await secretFault(files, path, { what: 'password', making });
  if (fault) return fault;
  if ((await passwordIn(files, path)) !== undefined) return undefined;
  return {
    error: 'it holds no password',
    hint: 'one line of 1 to 80 characters: printable ASCII without double quotes',
  };
}

/** Undefined when there is none, or BIRD cannot have it. */
export async function passwordIn(files: Files, path: string): Promise<string | undefined> {
  const text = ((await files.read(path)) ?? '').replace(/\n$/, '');
  return passwordPattern.test(text) ? text : undefined;
}

/** Text of an included file: the path of the user's file, so that it can be compared, and the definition. */
export async function secretText(files: Files, name: string, path: string): Promise<string | undefined> {
  const password = await passwordIn(files, path);
  return password === undefined ? undefined : `# ${path}\ndefine ${name} = "${password}";\n`;
}

/** Path of the user's file, in an included file. */
export function secretSource(text: string): string | undefined {
  return /^# (\S+)\n/.exec(text)?.[1];
}
