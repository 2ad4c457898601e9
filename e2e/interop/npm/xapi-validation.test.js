// Our validator against Learning Locker's, on a corpus that is made here: good
// statements, and each with one thing changed. What the two disagree about is listed
// with what the specification says; anything else is a failure.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import validationModule from '@learninglocker/xapi-validation'

import { Records } from './xapi.js'

const accepts = (statement) => validationModule.default(statement).length === 0

let records
before(async () => (records = await Records.open()))
after(() => records?.close())

const agent = () => ({ objectType: 'Agent', name: 'Amina', mbox: 'mailto:amina@example.com' })
const group = () => ({ objectType: 'Group', name: 'Team', mbox: 'mailto:team@example.com', member: [agent(), { account: { homePage: 'https://lms.example', name: 'karim' } }] })
const activity = () => ({
  objectType: 'Activity',
  id: 'https://lms.example/sums',
  definition: {
    name: { en: 'Sums' },
    description: { 'en-GB': 'Some sums' },
    type: 'http://adlnet.gov/expapi/activities/cmi.interaction',
    moreInfo: 'https://lms.example/sums/about',
    interactionType: 'choice',
    correctResponsesPattern: ['a[,]b'],
    choices: [{ id: 'a', description: { en: 'A' } }, { id: 'b' }],
    extensions: { 'https://lms.example/x': 1 }
  }
})
const verb = () => ({ id: 'http://adlnet.gov/expapi/verbs/answered', display: { 'en-US': 'answered' } })
const context = () => ({
  registration: 'ec531277-b57b-4c15-8d91-d292c5b2b8f7',
  instructor: agent(),
  team: group(),
  contextActivities: { parent: [activity()], grouping: [activity()] },
  revision: '1',
  platform: 'phone',
  language: 'en-US',
  statement: { objectType: 'StatementRef', id: '6690e6c9-3ef0-4ed3-8b37-7f3964730bef' },
  extensions: { 'https://lms.example/x': { a: [1] } }
})
const result = () => ({
  score: { scaled: 0.5, raw: 5, min: 0, max: 10 },
  success: true,
  completion: true,
  response: 'a[,]b',
  duration: 'PT1H2M3.5S',
  extensions: { 'https://lms.example/x': 'y' }
})
const attachments = () => [
  {
    usageType: 'http://example.com/usage',
    display: { en: 'A file' },
    description: { en: 'It is' },
    contentType: 'text/plain',
    length: 27,
    sha2: '495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a',
    fileUrl: 'https://lms.example/file'
  }
]
const common = () => ({ actor: agent(), verb: verb(), object: activity(), result: result(), context: context(), timestamp: '2013-05-18T05:32:34.804Z', attachments: attachments() })

/** Good statements, one of each kind. Each has an id, or it would be stored under a new one. */
const bases = {
  activity: common(),
  group: { ...common(), actor: group(), authority: agent(), version: '1.0.3', stored: '2013-05-18T05:32:34.804Z' },
  agent: { actor: agent(), verb: verb(), object: agent() },
  reference: { actor: agent(), verb: verb(), object: { objectType: 'StatementRef', id: '6690e6c9-3ef0-4ed3-8b37-7f3964730bee' } },
  inner: { actor: agent(), verb: verb(), object: { objectType: 'SubStatement', ...common() } },
  'single context activity': { actor: agent(), verb: verb(), object: { id: 'x:sums' }, context: { contextActivities: { parent: { id: 'x:course' } } } }
}

/** What a value is replaced by. */
const replacements = {
  nothing: undefined, // it is left out
  null: null,
  true: true,
  number: 17,
  text: 'should fail',
  empty: '',
  list: [],
  object: {},
  iri: 'https://lms.example/other',
  spaced: 'https://lms.example/a b',
  relative: '/other',
  uuid: 'fd41c918-b88b-4b20-a0a5-a4c32391aaa0',
  'short uuid': 'fd41c918-b88b-4b20-a0a5-a4c32391aaa',
  language: 'de-CH',
  duration: 'P4W',
  'mixed duration': 'P4W1D',
  'no duration': 'PT',
  offset: '2013-05-18T05:32:34+02:00',
  'negative zero': '2013-05-18T05:32:34-00:00',
  'no such day': '2013-02-30T05:32:34Z',
  'no such month': '2013-13-01T05:32:34Z',
  version: '1.0.9',
  'other version': '1.1.0',
  large: 1000,
  negative: -0.25,
  mailto: 'mailto:other@example.com',
  'bare address': 'other@example.com',
  sum: 'ebd31e95054c018b10727ccffd2ef2ec3a016ee9'
}

/** Every place in a value, as a path of keys, but not inside extensions. */
function* places(value, path = []) {
  for (const key of Object.keys(value)) {
    yield [...path, key]
    if (value[key] && typeof value[key] === 'object' && key !== 'extensions') yield* places(value[key], [...path, key])
  }
}

function* corpus() {
  for (const [name, base] of Object.entries(bases)) {
    yield [name, base]
    for (const path of places(base)) {
      for (const [change, value] of Object.entries(replacements)) {
        const copy = structuredClone(base)
        const parent = path.slice(0, -1).reduce((v, key) => v[key], copy)
        const key = path.at(-1)
        if (value !== undefined) parent[key] = value
        else if (Array.isArray(parent)) parent.splice(key, 1)
        else delete parent[key]
        yield [`${name} /${path.join('/')} ${change}`, copy]
      }
      const copy = structuredClone(base)
      path.slice(0, -1).reduce((v, key) => v[key], copy)['unknown'] = 1
      yield [`${name} beside /${path.join('/')} unknown`, copy]
    }
  }
}

/** What is known to be judged otherwise, and why we are right. */
const decided = [
  { where: /^single context activity/, ours: true, why: 'one activity may stand for an array of one (Data 2.4.6.2)' },
  { where: / spaced$/, ours: false, why: 'an IRI has no spaces (RFC 3987)' },
  { where: /\/sha2 /, ours: false, why: 'a SHA-2 sum is not any string (Data 2.4.11)' },
  { where: / no such day$/, ours: false, why: 'February has no 30th' },
  { where: /\/(team|statement)\/objectType nothing$/, ours: false, why: 'a group, and a reference, say what they are (Data 2.4.2.2, 2.4.4.3)' },
  { where: /\/fileUrl nothing$/, ours: false, why: 'an attachment is in the request or has a fileUrl (Data 2.4.11); theirs sees the statement alone' }
]

test('@learninglocker/xapi-validation agrees with our validator', { timeout: 120_000 }, async (t) => {
  let count = 0
  const counts = new Map()
  const surprises = []
  let pending = []
  const judge = async ([name, statement]) => {
    const { status, text } = await records.post(statement)
    assert.ok(status === 200 || status === 400 || status === 409, `${name}: ${status} ${text}`)
    const [ours, others] = [status !== 400, accepts(statement)]
    if (ours === others) return
    const why = decided.find((d) => d.ours === ours && d.where.test(name))
    if (why) counts.set(why, (counts.get(why) ?? 0) + 1)
    else surprises.push(`${name}: ours ${ours ? 'good' : text.trim()}; theirs ${others ? 'good' : 'not'}`)
  }
  for (const entry of corpus()) {
    count++
    pending.push(judge(entry))
    if (pending.length === 16) pending = (await Promise.all(pending), [])
  }
  await Promise.all(pending)
  for (const d of decided) {
    t.diagnostic(`${counts.get(d) ?? 0} times: ${d.why}`)
    assert.ok(counts.has(d), `they agree by now about this: ${d.why}`)
  }
  t.diagnostic(`${count} statements; ${[...counts.values()].reduce((a, b) => a + b, 0)} known differences`)
  assert.deepEqual(surprises, [])
})
