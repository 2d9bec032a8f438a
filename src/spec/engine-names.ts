/** All engines of the format; the type checker requires each in `src/engines`. */
export const engineNames = ['podman', 'docker', 'nerdctl', 'cni', 'external'] as const;
