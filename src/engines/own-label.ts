/** The label on the networks that we create: a name alone could be somebody else's network by now. */
export const ownLabel = { key: 'mustredirect', value: 'created' } as const;

/** What a network's labels say of who made it. */
export function ownership(labels: Readonly<Record<string, string>> | null | undefined): { ours?: true } {
  return labels?.[ownLabel.key] === ownLabel.value ? { ours: true } : {};
}
