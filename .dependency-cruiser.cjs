/** The layer rule of the rooms in src: imports point only up this list. `npm run layers` holds them there. */
const rooms = [
  'address',
  'health',
  'spec',
  'topology',
  'kinds',
  'state',
  'desired',
  'plan',
  'host',
  'engines',
  'inspect',
  'verify',
  'explain',
  'apply',
  'boot',
  'agent',
  'lab',
  'cli',
];

/** These compute: the same input gives the same output, and nothing outside is touched. */
const pureRooms = ['address', 'health', 'spec', 'topology', 'kinds', 'state', 'desired', 'plan'];

/** A test, and a host made up for tests, may use everything; nothing else may use them. */
const tests = '(\\.test|/(fake|recorded)-[^/]*)\\.ts$';

const oneWay = rooms.slice(0, -1).map((room, index) => ({
  name: `${room}-knows-only-what-is-before-it`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: tests },
  to: { path: `^src/(${rooms.slice(index + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    {
      name: 'every-room-is-in-the-list',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(error\\.ts|(${rooms.join('|')})/)` },
      to: {},
    },
    {
      name: 'error-knows-nobody',
      severity: 'error',
      from: { path: '^src/error\\.ts$' },
      to: {},
    },
    {
      name: 'pure-rooms-touch-nothing-outside',
      severity: 'error',
      from: { path: `^src/(${pureRooms.join('|')})/`, pathNot: tests },
      // A digest is computed, too.
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(net|crypto)$' },
    },
    {
      name: 'nothing-uses-a-test',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: `^tests/|${tests}` },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no API for tools. swc sees `import type` as well.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
