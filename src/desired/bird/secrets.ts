/** Passwords that the configuration includes. */
import type { RoutedGateway } from '../../topology/role.ts';
import { lanSecretName, secretName } from './names.ts';

export interface Secret {
  /** of the constant, and of the file that defines it */
  readonly name: string;
  /** path of the user's file */
  readonly file: string;
}

/** At most two: of the uplink, and of the link between nodes and members. */
export function secretsOf({ name, sessions, uplink }: RoutedGateway): Secret[] {
  const upstream = uplink?.routing.passwordFile;
  const lan = sessions?.protocol === 'ospf' ? sessions.passwordFile : undefined;
  return [
    ...(upstream === undefined ? [] : [{ name: secretName(name), file: upstream }]),
    ...(lan === undefined ? [] : [{ name: lanSecretName(name), file: lan }]),
  ];
}
