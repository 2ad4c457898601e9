// oauth4webapi: it checks every answer, and refuses what the RFCs tell a client to refuse.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import * as oauth from 'oauth4webapi'

import { App, begin, checks, client, discover } from './oauth4webapi.js'
import { clientId, Desk, issuer, limit, loopbackRedirect, notes } from './program.js'

describe('oauth4webapi', { timeout: 4 * limit }, () => {
  let desk, app

  before(async () => {
    desk = await Desk.open()
    app = await App.start(desk)
  })
  after(() => desk?.close())

  test('discovery: both documents, and they agree', async () => {
    assert.deepEqual(await discover(desk, 'oauth2'), app.as)
    assert.ok(app.as.authorization_response_iss_parameter_supported)
    assert.deepEqual(app.as.code_challenge_methods_supported, ['S256'])
  })

  test('login, with every check of the ID token, and userinfo about its subject', async () => {
    const tokens = await app.login()
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)
    const info = await app.userinfo(tokens, sub)
    assert.equal(info.name, 'Amina')
    assert.equal(info.preferred_username, 'amina')
  })

  test('login on a loopback redirect with a port of the moment', async () => {
    const redirect_uri = loopbackRedirect.replace('127.0.0.1', '127.0.0.1:49152')
    const begun = await begin({ redirect_uri })
    const redirect = await desk.accept(app.link(begun))
    assert.equal(redirect.origin + redirect.pathname, redirect_uri)
    await app.finish(begun, redirect)
  })

  test('login without a state gets none back', async () => {
    const begun = await begin({ state: undefined })
    const response = await app.redeem(begun, await desk.accept(app.link(begun)), oauth.expectNoState)
    await oauth.processAuthorizationCodeResponse(app.as, client, response, checks(begun))
  })

  test('login by a pushed request (RFC 9126): the link carries no more than its name', async () => {
    const begun = await begin()
    const link = await app.push(begun)
    assert.deepEqual([...new URL(link).searchParams.keys()], ['client_id', 'request_uri'])
    await app.finish(begun, await desk.accept(link))
  })

  test('the access token is one of RFC 9068, for the audience that was asked for', async () => {
    const both = await app.login({ resource: [issuer.origin, notes] })
    const claims = await app.validate(both, notes)
    assert.equal(claims.client_id, clientId)
    await app.userinfo(both, claims.sub)

    const one = await app.refresh(both.refresh_token, { resource: notes })
    assert.equal((await app.introspect(one.access_token)).aud.join(), notes)
    await app.validate(one, notes)
    await assert.rejects(app.validate(one, issuer.origin), /"aud"/)
    await assert.rejects(app.userinfo(one, claims.sub), { name: 'WWWAuthenticateChallengeError', status: 401 })
  })

  test('refresh, also for fewer scopes', async () => {
    const tokens = await app.login()
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)
    const fresh = await app.refresh(tokens.refresh_token)
    assert.notEqual(fresh.refresh_token, tokens.refresh_token)
    assert.equal((await app.userinfo(fresh, sub)).name, 'Amina')

    const narrow = await app.refresh(fresh.refresh_token, { scope: 'openid' })
    assert.equal(narrow.scope, 'openid')
    assert.equal((await app.userinfo(narrow, sub)).name, undefined)
  })

  test('introspection by the API app, which authenticates either way', async () => {
    const tokens = await app.login()
    for (const authentication of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
      const answer = await app.introspect(tokens.access_token, authentication(desk.secret))
      assert.deepEqual([answer.active, answer.client_id, answer.iss], [true, clientId, issuer.origin])
    }
    assert.deepEqual(await app.introspect(tokens.refresh_token), { active: false })
    await assert.rejects(app.introspect(tokens.access_token, oauth.ClientSecretPost('wrong')), { error: 'invalid_client' })
    await assert.rejects(app.introspect(tokens.access_token, oauth.ClientSecretBasic('wrong')), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
      assert.equal(error.cause[0].scheme, 'basic')
      return true
    })
  })

  test('revocation ends the whole login, at once', async () => {
    const tokens = await app.login()
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)
    await app.revoke(tokens.refresh_token)
    await app.revoke('unknown')
    assert.deepEqual(await app.introspect(tokens.access_token), { active: false })
    await assert.rejects(app.refresh(tokens.refresh_token), { error: 'invalid_grant' })
    await assert.rejects(app.userinfo(tokens, sub), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
      assert.deepEqual([error.status, error.cause[0].scheme, error.cause[0].parameters.error], [401, 'bearer', 'invalid_token'])
      return true
    })
  })

  test('a denial reaches the client as an error with its state and iss', async () => {
    const begun = await begin()
    await assert.rejects(app.redeem(begun, await desk.deny(app.link(begun))), { name: 'AuthorizationResponseError', error: 'access_denied' })
  })

  for (const [name, spoil, reason] of [
    ['another state', (answer) => answer.set('state', 'another'), /unexpected "state"/],
    ['no state', (answer) => answer.delete('state'), /"state" missing/],
    ['two states', (answer) => answer.append('state', 'another'), /"state" parameter must be provided only once/],
    ['another iss', (answer) => answer.set('iss', 'https://evil.example'), /unexpected "iss"/],
    ['no iss', (answer) => answer.delete('iss'), /"iss" \(issuer\) missing/],
  ]) {
    test(`the client refuses an answer with ${name}`, async () => {
      const begun = await begin()
      const redirect = await desk.accept(app.link(begun))
      spoil(redirect.searchParams)
      await assert.rejects(app.redeem(begun, redirect), reason)
    })
  }

  test('the client refuses the ID token of another request, client or key', async () => {
    const begun = await begin()
    const response = await app.redeem(begun, await desk.accept(app.link(begun)))
    const process = (who, expected) => oauth.processAuthorizationCodeResponse(app.as, who, response.clone(), { ...checks(begun), ...expected })
    await assert.rejects(process(client, { expectedNonce: 'another' }), /"nonce"/)
    await assert.rejects(process({ client_id: 'another' }), /"aud"/)
    await process(client)

    const judged = response.clone()
    await oauth.processAuthorizationCodeResponse(app.as, client, judged, checks(begun))
    const uncached = { ...app.as } // the library keeps the keys it knows with the object
    await assert.rejects(oauth.validateApplicationLevelSignature(uncached, judged, { [oauth.customFetch]: strangersKeys }), /signature verification failed/)
  })

  /** The issuer's keys, but for what they are. */
  async function strangersKeys() {
    const { keys } = await (await desk.fetch(app.as.jwks_uri)).json()
    const { publicKey } = await oauth.generateKeyPair('ES256')
    const { x, y } = await crypto.subtle.exportKey('jwk', publicKey)
    return Response.json({ keys: keys.map((key) => ({ ...key, x, y })) })
  }

  test('the client refuses the metadata of another issuer', async () => {
    await assert.rejects(discover(desk, 'oidc', new URL('https://auth.example.evil')), /"issuer"/)
  })

  test('the server refuses another verifier, another redirect URI, and a code used before', async () => {
    const begun = await begin()
    const redirect = await desk.accept(app.link(begun))
    const refused = async (changed) => {
      const response = await app.redeem({ ...begun, ...changed }, redirect)
      await assert.rejects(oauth.processAuthorizationCodeResponse(app.as, client, response), { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 })
    }
    await refused({ verifier: oauth.generateRandomCodeVerifier() })
    await refused({ request: { ...begun.request, redirect_uri: loopbackRedirect } })
    await app.finish(begun, redirect)
    await refused({})
  })
})
