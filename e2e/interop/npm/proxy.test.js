// The localhost server, for resource requests of a client that has no custom fetch. Its
// base URL stands for the issuer.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import * as oauth from 'oauth4webapi'

import { App, client } from './oauth4webapi.js'
import { Desk, limit } from './program.js'

describe('the localhost proxy', { timeout: 4 * limit }, () => {
  let desk, app, base
  const plain = { [oauth.allowInsecureRequests]: true } // http, and the fetch of node

  before(async () => {
    desk = await Desk.open()
    app = await App.start(desk)
    base = await desk.proxy()
  })
  after(() => desk?.close())

  const at = (path) => new URL(base + path)

  test('a resource request goes through it', async () => {
    const tokens = await app.login()
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)
    for (const [method, body] of [['GET', null], ['POST', new URLSearchParams({ a: 'b' })]]) {
      const response = await oauth.protectedResourceRequest(tokens.access_token, method, at('/userinfo'), undefined, body, plain)
      assert.deepEqual([response.status, (await response.json()).sub], [200, sub])
    }
  })

  test('so does a refusal, with its challenge', async () => {
    await assert.rejects(oauth.protectedResourceRequest('unknown', 'GET', at('/userinfo'), undefined, null, plain), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
      assert.deepEqual([error.status, error.cause[0].parameters.error], [401, 'invalid_token'])
      return true
    })
  })

  test('and the endpoints, if the client is told where they are', async () => {
    const tokens = await app.login()
    const local = { ...app.as, token_endpoint: base + '/token', revocation_endpoint: base + '/revoke' }
    const response = await oauth.refreshTokenGrantRequest(local, client, oauth.None(), tokens.refresh_token, plain)
    const fresh = await oauth.processRefreshTokenResponse(local, client, response)
    assert.equal((await app.introspect(fresh.access_token)).active, true)
    await oauth.processRevocationResponse(await oauth.revocationRequest(local, client, oauth.None(), fresh.refresh_token, plain))
    assert.deepEqual(await app.introspect(fresh.access_token), { active: false })
  })

  test('nobody comes in without the secret in its URL', async () => {
    const { origin } = new URL(base)
    assert.equal((await fetch(origin + '/userinfo')).status, 404)
  })

  test('a proof made for the proxy is none for the issuer: DPoP needs the issuer\'s URLs', async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const tokens = await app.login()
    const local = { ...app.as, token_endpoint: base + '/token' }
    const response = await oauth.refreshTokenGrantRequest(local, client, oauth.None(), tokens.refresh_token, { DPoP, ...plain })
    await assert.rejects(oauth.processRefreshTokenResponse(local, client, response), { error: 'invalid_dpop_proof' })
  })
})
