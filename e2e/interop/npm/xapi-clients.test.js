// The xAPI clients that lessons are made with.

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, suite, test } from 'node:test'

import xapiModule from '@xapi/xapi'
import TinCan from 'tincanjs'

import { Records } from './xapi.js'

const XAPI = xapiModule.default
const activity = { objectType: 'Activity', id: 'https://maths.example/sums', definition: { name: { en: 'Sums' } } }
const verb = { id: 'http://adlnet.gov/expapi/verbs/completed', display: { en: 'completed' } }

let records
before(async () => (records = await Records.open()))
after(() => records?.close())

suite('@xapi/xapi', () => {
  let xapi
  before(() => (xapi = new XAPI({ endpoint: records.endpoint, auth: records.auth })))

  test('about', async () => {
    const { data } = await xapi.getAbout()
    assert.ok(data.version.includes('1.0.3'))
  })

  test('statements: send, find, page, void', async () => {
    const registration = randomUUID()
    const statement = () => ({ actor: records.actor, verb, object: activity, context: { registration } })
    const { data: ids } = await xapi.sendStatements({ statements: [statement(), statement(), statement()] })
    assert.equal(ids.length, 3)
    const { data: one } = await xapi.getStatement({ statementId: ids[0] })
    assert.equal(one.object.id, activity.id)
    assert.equal(one.authority.member.length, 2)

    const found = []
    let { data: page } = await xapi.getStatements({ registration, limit: 1, ascending: true })
    while (true) {
      found.push(...page.statements.map((s) => s.id))
      if (!page.more) break
      page = (await xapi.getMoreStatements({ more: page.more })).data
    }
    assert.deepEqual(found, ids)

    await xapi.voidStatement({ actor: records.actor, statementId: ids[1] })
    const { data: left } = await xapi.getStatements({ registration })
    // The voiding statement refers to what is found, so it is found too.
    assert.deepEqual(left.statements.filter((s) => s.verb.id === verb.id).map((s) => s.id), [ids[2], ids[0]])
    assert.equal(left.statements.length, 3)
    const { data: voided } = await xapi.getVoidedStatement({ voidedStatementId: ids[1] })
    assert.equal(voided.id, ids[1])
    await assert.rejects(xapi.getStatement({ statementId: ids[1] }))
  })

  test('an attachment comes back as it was', async () => {
    const value = new TextEncoder().encode('a file').buffer
    const sha2 = createHash('sha256').update(Buffer.from(value)).digest('hex')
    const attachment = { usageType: 'http://adlnet.gov/expapi/attachments/code', display: { en: 'File' }, contentType: 'text/plain', length: 6, sha2 }
    // Its other adapter, axios, loses the media type of the body in node.
    const xapi = new XAPI({ endpoint: records.endpoint, auth: records.auth, adapter: 'fetch' })
    const { data: ids } = await xapi.sendStatement({
      statement: { actor: records.actor, verb, object: activity, attachments: [attachment] },
      attachments: [value]
    })
    const { data } = await xapi.getStatement({ statementId: ids[0], attachments: true })
    assert.equal(Buffer.from(data[1]).toString(), 'a file')
  })

  test('documents: state, profiles, entity tags', async () => {
    const state = { agent: records.actor, activityId: activity.id, stateId: 'bookmark' }
    await xapi.createState({ ...state, state: { page: 1 } })
    await xapi.createState({ ...state, state: { mark: 2 } }) // joined
    assert.deepEqual((await xapi.getState(state)).data, { page: 1, mark: 2 })
    await xapi.setState({ ...state, state: { page: 3 } })
    assert.deepEqual((await xapi.getState(state)).data, { page: 3 })
    assert.deepEqual((await xapi.getStates(state)).data, ['bookmark'])
    await xapi.deleteState(state)
    await assert.rejects(xapi.getState(state))

    const profile = { agent: records.actor, profileId: 'wishes' }
    await xapi.createAgentProfile({ ...profile, profile: { font: 'large' } })
    const got = await xapi.getAgentProfile(profile)
    await xapi.setAgentProfile({ ...profile, profile: { font: 'small' }, etag: got.headers.etag, matchHeader: 'If-Match' })
    await assert.rejects(xapi.setAgentProfile({ ...profile, profile: {}, etag: got.headers.etag, matchHeader: 'If-Match' }))
    assert.deepEqual((await xapi.getAgentProfile(profile)).data, { font: 'small' })

    const notes = { activityId: activity.id, profileId: 'notes' }
    await xapi.setActivityProfile({ ...notes, profile: { n: 1 }, etag: '*', matchHeader: 'If-None-Match' })
    assert.deepEqual((await xapi.getActivityProfiles(notes)).data, ['notes'])
  })

  test('who and what', async () => {
    const { data: person } = await xapi.getAgent({ agent: records.actor })
    assert.deepEqual(person.account, [records.actor.account])
    const { data: known } = await xapi.getActivity({ activityId: activity.id })
    assert.equal(known.definition.name.en, 'Sums')
  })

  test('no credentials, nothing', async () => {
    const stranger = new XAPI({ endpoint: records.endpoint, auth: XAPI.toBasicAuth ? XAPI.toBasicAuth('foo', 'bar') : 'Basic Zm9vOmJhcg==' })
    await assert.rejects(stranger.getStatements(), (error) => error.response.status === 401)
  })
})

suite('tincanjs', () => {
  let lrs
  before(() => (lrs = new TinCan.LRS({ endpoint: records.endpoint, auth: records.auth, version: '1.0.2', allowFail: false })))

  // Its functions take what they work on, and then a callback in an object.
  const call = (method, ...args) => {
    const config = args.length > 1 ? args.pop() : {}
    return new Promise((done, fails) => {
      const callback = (error, result) => (error ? fails(new Error(`${method}: ${error} ${result?.responseText}`)) : done(result))
      lrs[method](...args, { ...config, callback })
    })
  }
  // Some take the object alone.
  const alone = (method) => (config) => new Promise((done, fails) => lrs[method]({ ...config, callback: (error, result) => (error ? fails(new Error(`${method}: ${error}`)) : done(result)) }))
  const [query, more, ids] = ['queryStatements', 'moreStatements', 'retrieveStateIds'].map(alone)
  const agent = () => new TinCan.Agent(records.actor)

  test('statements', async () => {
    const registration = randomUUID()
    const statement = new TinCan.Statement({ actor: records.actor, verb, object: activity, context: { registration } })
    await call('saveStatement', statement)
    await call('saveStatements', [1, 2].map(() => new TinCan.Statement({ actor: records.actor, verb, object: activity, context: { registration } })))
    const back = await call('retrieveStatement', statement.id)
    assert.equal(back.target.id, activity.id)
    const first = await query({ params: { agent: agent(), registration, limit: 2 } })
    assert.equal(first.statements.length, 2)
    const rest = await more({ url: first.more })
    assert.deepEqual(rest.statements.map((s) => s.id), [statement.id])
  })

  test('documents', async () => {
    const place = { agent: agent(), activity: new TinCan.Activity(activity) }
    await call('saveState', 'tincan', 'some text', { ...place, contentType: 'text/plain' })
    assert.equal((await call('retrieveState', 'tincan', place)).contents, 'some text')
    assert.deepEqual(await ids(place), ['tincan'])
    await call('dropState', 'tincan', place)
    await call('saveActivityProfile', 'tincan', { a: 1 }, { activity: place.activity, contentType: 'application/json' })
    const profile = await call('retrieveActivityProfile', 'tincan', { activity: place.activity })
    assert.deepEqual(profile.contents, { a: 1 })
    await call('saveAgentProfile', 'tincan', 'text', { agent: agent(), contentType: 'text/plain' })
    assert.equal((await call('retrieveAgentProfile', 'tincan', { agent: agent() })).contents, 'text')
  })
})

