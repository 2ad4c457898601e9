// openid-client: a whole step is one call, as an app would use it.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import * as openid from 'openid-client'

import { apiId, appRedirect, clientId, Desk, issuer, limit } from './program.js'

describe('openid-client', { timeout: 4 * limit }, () => {
  let desk, app, api

  before(async () => {
    desk = await Desk.open()
    app = await discover(clientId, openid.None(), 'oidc')
    api = await discover(apiId, openid.ClientSecretBasic(desk.secret), 'oauth2')
    openid.enableNonRepudiationChecks(app) // check signatures although the wire is trusted
  })
  after(() => desk?.close())

  function discover(id, authentication, algorithm) {
    return openid.discovery(issuer, id, undefined, authentication, { algorithm, [openid.customFetch]: desk.fetch })
  }

  /** What the app keeps of a request until the redirect comes. */
  async function begin() {
    const checks = {
      pkceCodeVerifier: openid.randomPKCECodeVerifier(),
      expectedState: openid.randomState(),
      expectedNonce: openid.randomNonce(),
      maxAge: 60,
    }
    const parameters = {
      redirect_uri: appRedirect,
      scope: 'openid profile',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      max_age: String(checks.maxAge),
      code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
    }
    return { checks, parameters }
  }

  async function login() {
    const { checks, parameters } = await begin()
    const redirect = await desk.accept(openid.buildAuthorizationUrl(app, parameters))
    return openid.authorizationCodeGrant(app, redirect, checks)
  }

  async function ended(tokens) {
    assert.equal((await openid.tokenIntrospection(api, tokens.access_token)).active, false)
    await assert.rejects(openid.fetchUserInfo(app, tokens.access_token, openid.skipSubjectCheck), { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 })
    await assert.rejects(openid.refreshTokenGrant(app, tokens.refresh_token), { error: 'invalid_grant' })
  }

  test('discovery says what the server does', () => {
    const server = app.serverMetadata()
    assert.equal(server.issuer, issuer.origin)
    assert.ok(server.supportsPKCE())
  })

  test('login and userinfo', async () => {
    const tokens = await login()
    const { sub, aud } = tokens.claims()
    assert.deepEqual([aud].flat(), [clientId]) // OpenID Connect Core section 2: one string, or a list
    const info = await openid.fetchUserInfo(app, tokens.access_token, sub)
    assert.deepEqual([info.name, info.preferred_username], ['Amina', 'amina'])
    await assert.rejects(openid.fetchUserInfo(app, tokens.access_token, 'another'), { code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED' })
  })

  test('login by a pushed request (RFC 9126)', async () => {
    const { checks, parameters } = await begin()
    const link = await openid.buildAuthorizationUrlWithPAR(app, parameters)
    assert.deepEqual([...link.searchParams.keys()].sort(), ['client_id', 'request_uri'])
    await openid.authorizationCodeGrant(app, await desk.accept(link), checks)
  })

  test('refresh, introspection and revocation of either token', async () => {
    for (const which of ['access_token', 'refresh_token']) {
      const tokens = await openid.refreshTokenGrant(app, (await login()).refresh_token)
      const answer = await openid.tokenIntrospection(api, tokens.access_token)
      assert.deepEqual([answer.active, answer.client_id, answer.scope], [true, clientId, 'openid profile'])
      await openid.tokenRevocation(app, tokens[which], { token_type_hint: which })
      await ended(tokens)
    }
  })

  test('a denial is an error that names it', async () => {
    const { checks, parameters } = await begin()
    const redirect = await desk.deny(openid.buildAuthorizationUrl(app, parameters))
    await assert.rejects(openid.authorizationCodeGrant(app, redirect, checks), { code: 'OAUTH_AUTHORIZATION_RESPONSE_ERROR', error: 'access_denied' })
  })

  for (const [name, spoil, code] of [
    ['another state', ({ redirect }) => redirect.searchParams.set('state', 'another'), 'OAUTH_INVALID_RESPONSE'],
    ['no iss', ({ redirect }) => redirect.searchParams.delete('iss'), 'OAUTH_INVALID_RESPONSE'],
    ['another iss', ({ redirect }) => redirect.searchParams.set('iss', 'https://evil.example'), 'OAUTH_INVALID_RESPONSE'],
    ['another nonce', ({ checks }) => (checks.expectedNonce = 'another'), 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
    ['another code', ({ redirect }) => redirect.searchParams.set('code', 'another'), 'OAUTH_RESPONSE_BODY_ERROR'],
    ['another verifier', ({ checks }) => (checks.pkceCodeVerifier = openid.randomPKCECodeVerifier()), 'OAUTH_RESPONSE_BODY_ERROR'],
  ]) {
    test(`no login with ${name}`, async () => {
      const { checks, parameters } = await begin()
      const redirect = await desk.accept(openid.buildAuthorizationUrl(app, parameters))
      spoil({ redirect, checks })
      await assert.rejects(openid.authorizationCodeGrant(app, redirect, checks), { code })
    })
  }
})
