/** What the format allows and this version cannot do yet: said here, so that nothing fails half way. */
import { type Address, type Subnet, familyOf } from '../address/cidr.ts';
import type { Check } from './check.ts';
import { gatewayAddressesOf, subnetsOf } from './placed.ts';
import { isSupportedFamily } from './supported.ts';
import { type Path, problemAt } from './tree.ts';

export const checkSupport: Check = ({ draft, valuePlace }) => {
  const direct = Object.entries(draft.networks ?? {}).flatMap(([network, { direct: list = [] }]) =>
    list.map((subnet, i) => ({ text: subnet, path: ['networks', network, 'direct', i] })),
  );
  const all: { readonly text: Address | Subnet; readonly path: Path }[] = [
    ...subnetsOf(draft).map(({ subnet, path }) => ({ text: subnet, path })),
    ...direct,
    ...gatewayAddressesOf(draft).map(({ address, path }) => ({ text: address, path })),
  ];
  return all.flatMap(({ text, path }) => {
    if (isSupportedFamily(familyOf(text))) return [];
    const message = `IPv${familyOf(text)} is not supported yet: ${text}`;
    return [problemAt(valuePlace(path), message, 'take it out; addresses of hosts may stay')];
  });
};
