/** Values that both sides of an OSPF link must have alike. */
import { prefixLength } from '../../address/cidr.ts';
import { type OspfView, lastHello, nameOf, sameFile } from './ospf-view.ts';
import type { Fault } from './view.ts';

/** All of them at once: they are set in one go. */
export function mismatch(view: OspfView): Fault | undefined {
  const { settings, received, link, session } = view;
  const hello = lastHello(view);
  const area = received.at(-1)?.area ?? settings.area;
  const own = session.family === 4 ? ownPrefixLength(view) : undefined;
  const found = [
    ...different('area', area, settings.area, ''),
    ...(hello ? different('hello', hello.hello, settings.hello, ' s') : []),
    ...(hello ? different('dead', hello.dead, settings.dead, ' s') : []),
  ];
  if (found.length > 0)
    return {
      cause: `${nameOf(view)} has ${found.map(({ text }) => text).join(', ')}`,
      remedy: sameFile(view, found.map(({ key }) => `\`${key}:\``).join(', ')),
    };
  if (hello && !hello.external)
    return {
      cause: `${nameOf(view)} says that area ${settings.area} is a stub or NSSA`,
      remedy: 'make it an ordinary area there: subnets are announced as external routes',
    };
  if (!link?.ethernet || own === undefined || hello?.prefixLength === undefined || hello.prefixLength === own)
    return undefined;
  return {
    cause: `${nameOf(view)} has the prefix length ${hello.prefixLength} on the link, and ${link.name} has ${own}`,
    remedy: 'give both ends of the link addresses of the same prefix length',
  };
}

function different(key: string, theirs: number, ours: number, unit: string) {
  return theirs === ours ? [] : [{ key, text: `${key} ${theirs}${unit} (the file: ${ours}${unit})` }];
}

function ownPrefixLength({ link, sent }: OspfView): number | undefined {
  const said = sent.findLast(({ hello }) => hello)?.hello?.prefixLength;
  const first = link?.addresses.find((prefix) => !prefix.includes(':'));
  return said ?? (first === undefined ? undefined : prefixLength(first));
}
