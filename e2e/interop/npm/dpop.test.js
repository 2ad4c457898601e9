// DPoP (RFC 9449), by both libraries: they make the proofs, keep the nonces, and say
// when one is to be sent again.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

import { begin, checks, client, discover, over, toParameters } from './oauth4webapi.js'
import { apiId, appRedirect, clientId, Desk, issuer, limit } from './program.js'

describe('oauth4webapi with DPoP', { timeout: 4 * limit }, () => {
  let desk, as, DPoP, options

  before(async () => {
    desk = await Desk.open()
    as = await discover(desk, 'oauth2')
    DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    options = { DPoP, ...over(desk) }
  })
  after(() => desk?.close())

  /** Sends, and sends again if the server wants its nonce in the proof. */
  async function proven(send, process) {
    try {
      return await process(await send())
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error
      return process(await send())
    }
  }

  const link = (parameters) => `${as.authorization_endpoint}?${parameters}`

  function redeem(begun, redirect, how = options) {
    const answer = oauth.validateAuthResponse(as, client, redirect, begun.request.state)
    return proven(
      () => oauth.authorizationCodeGrantRequest(as, client, oauth.None(), answer, begun.request.redirect_uri, begun.verifier, how),
      (response) => oauth.processAuthorizationCodeResponse(as, client, response, checks(begun)),
    )
  }

  async function login(changes) {
    const begun = await begin(changes)
    return redeem(begun, await desk.accept(link(begun.parameters)))
  }

  function userinfo(tokens, how = options) {
    const { sub } = oauth.getValidatedIdTokenClaims(tokens) ?? {}
    return proven(
      () => oauth.userInfoRequest(as, client, tokens.access_token, how),
      (response) => oauth.processUserInfoResponse(as, client, sub ?? oauth.skipSubjectCheck, response),
    )
  }

  function refresh(token, how = options) {
    return proven(
      () => oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, how),
      (response) => oauth.processRefreshTokenResponse(as, client, response),
    )
  }

  test('the metadata say which algorithms', () => {
    assert.deepEqual(as.dpop_signing_alg_values_supported, ['ES256', 'EdDSA'])
  })

  test('login, userinfo, refresh, introspection: all bound to the key', async () => {
    const tokens = await login()
    assert.equal(tokens.token_type, 'dpop') // the library writes it in lower case
    assert.equal((await userinfo(tokens)).name, 'Amina')

    const fresh = await refresh(tokens.refresh_token)
    assert.equal(fresh.token_type, 'dpop')
    assert.equal((await userinfo(fresh)).name, 'Amina')

    const api = { client_id: apiId }
    const response = await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(desk.secret), fresh.access_token, over(desk))
    const said = await oauth.processIntrospectionResponse(as, api, response)
    assert.deepEqual([said.active, said.token_type, said.cnf.jkt], [true, 'DPoP', await DPoP.calculateThumbprint()])
  })

  test('an API that checks by itself takes the token with its proof, and not without', async () => {
    const { access_token } = await login()
    const url = new URL('/userinfo', issuer)
    let sent
    const capture = { DPoP, [oauth.customFetch]: async (input, init) => (sent = new Request(input, init), new Response()) }
    await oauth.protectedResourceRequest(access_token, 'GET', url, undefined, null, capture)
    const claims = await oauth.validateJwtAccessToken(as, sent, issuer.origin, over(desk))
    assert.equal(claims.cnf.jkt, await DPoP.calculateThumbprint())
    sent.headers.delete('dpop')
    await assert.rejects(oauth.validateJwtAccessToken(as, sent, issuer.origin, over(desk)), /DPoP/)
  })

  test('a pushed request is bound by its proof, and a code to dpop_jkt in a link', async () => {
    const pushed = await begin()
    const { request_uri } = await proven(
      () => oauth.pushedAuthorizationRequest(as, client, oauth.None(), pushed.parameters, options),
      (response) => oauth.processPushedAuthorizationResponse(as, client, response),
    )
    const named = await begin({ dpop_jkt: await DPoP.calculateThumbprint() })
    for (const [begun, parameters] of [
      [pushed, toParameters({ client_id: clientId, request_uri })],
      [named, named.parameters],
    ]) {
      const redirect = await desk.accept(link(parameters))
      const another = { DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')), ...over(desk) }
      await assert.rejects(redeem(begun, redirect, over(desk)), { error: 'invalid_grant' })
      await assert.rejects(redeem(begun, redirect, another), { error: 'invalid_grant' })
      assert.equal((await redeem(begun, redirect)).token_type, 'dpop')
    }
  })

  test('without the key the tokens are worth nothing', async () => {
    const tokens = await login()
    const another = { DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')), ...over(desk) }
    for (const how of [over(desk), another]) {
      await assert.rejects(userinfo(tokens, how), (error) => {
        assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
        assert.deepEqual([error.status, error.cause[0].parameters.error], [401, 'invalid_token'])
        return true
      })
      await assert.rejects(refresh(tokens.refresh_token, how), { error: 'invalid_grant' })
    }
    assert.equal((await userinfo(tokens)).name, 'Amina') // and the attempts ended nothing
    assert.equal((await refresh(tokens.refresh_token)).token_type, 'dpop')
  })

  test('a proof is good once', async () => {
    const { access_token } = await login()
    let captured
    const capture = { DPoP, [oauth.customFetch]: async (input, init) => desk.fetch((captured = new Request(input, init)).clone()) }
    const first = await oauth.protectedResourceRequest(access_token, 'GET', new URL('/userinfo', issuer), undefined, null, capture)
    assert.equal(first.status, 200)
    const again = await desk.fetch(captured)
    assert.equal(again.status, 401)
    assert.match(again.headers.get('www-authenticate'), /^DPoP .*error="invalid_dpop_proof"/)
  })
})

describe('openid-client with DPoP', { timeout: 4 * limit }, () => {
  let desk

  before(async () => {
    desk = await Desk.open()
  })
  after(() => desk?.close())

  /** EdDSA by the name that RFC 9449 knew it by; the library uses that of RFC 9864. */
  const remapEd25519 = { [openid.modifyAssertion]: (header) => (header.alg = 'EdDSA') }

  for (const [algorithm, how] of [
    ['ES256', undefined],
    ['Ed25519', remapEd25519],
  ]) {
    test(`login, userinfo, refresh and revocation, by a key for ${algorithm}`, async () => {
      const app = await openid.discovery(issuer, clientId, undefined, openid.None(), { [openid.customFetch]: desk.fetch })
      const DPoP = openid.getDPoPHandle(app, await openid.randomDPoPKeyPair(algorithm), how)
      const pkceCodeVerifier = openid.randomPKCECodeVerifier()
      const expectedState = openid.randomState()
      const link = await openid.buildAuthorizationUrlWithPAR(app, {
        redirect_uri: appRedirect,
        scope: 'openid profile',
        state: expectedState,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      }, { DPoP })
      const tokens = await openid.authorizationCodeGrant(app, await desk.accept(link), { pkceCodeVerifier, expectedState }, undefined, { DPoP })
      assert.equal(tokens.token_type, 'dpop')
      const { sub } = tokens.claims()
      assert.equal((await openid.fetchUserInfo(app, tokens.access_token, sub, { DPoP })).name, 'Amina')

      const fresh = await openid.refreshTokenGrant(app, tokens.refresh_token, undefined, { DPoP })
      const response = await openid.fetchProtectedResource(app, fresh.access_token, new URL('/userinfo', issuer), 'GET', null, undefined, { DPoP })
      assert.equal((await response.json()).sub, sub)
      await assert.rejects(openid.fetchUserInfo(app, fresh.access_token, sub), { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 })
      await assert.rejects(openid.refreshTokenGrant(app, fresh.refresh_token), { error: 'invalid_grant' })

      await openid.tokenRevocation(app, fresh.refresh_token)
      await assert.rejects(openid.refreshTokenGrant(app, fresh.refresh_token, undefined, { DPoP }), { error: 'invalid_grant' })
    })
  }
})
