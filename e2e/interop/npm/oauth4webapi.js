// An app that logs in with oauth4webapi, where every step is a call of its own.

import * as oauth from 'oauth4webapi'

import { apiId, appRedirect, clientId, issuer } from './program.js'

export const client = { client_id: clientId }
const api = { client_id: apiId }

/** The options of a step that reach the desk's server. */
export function over(desk) {
  return { [oauth.customFetch]: desk.fetch }
}

/** Reads one of the two documents, and expects it to be of an issuer. */
export async function discover(desk, algorithm, expected = issuer) {
  const response = await oauth.discoveryRequest(issuer, { algorithm, ...over(desk) })
  return oauth.processDiscoveryResponse(expected, response)
}

/** A list of values is a parameter that repeats; undefined is one left out. */
export function toParameters(request) {
  const pairs = Object.entries(request).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]))
  return new URLSearchParams(pairs)
}

/** What an app keeps of a request until the redirect comes. */
export async function begin(changes = {}) {
  const verifier = oauth.generateRandomCodeVerifier()
  const request = {
    client_id: clientId,
    redirect_uri: appRedirect,
    response_type: 'code',
    scope: 'openid profile',
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    max_age: '60',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  }
  return { request, verifier, parameters: toParameters(request) }
}

/** What the library is to hold an ID token against, beside the metadata. */
export function checks({ request }) {
  return { expectedNonce: request.nonce, maxAge: Number(request.max_age), requireIdToken: true }
}

export class App {
  /** The server's metadata. */
  as

  #desk
  #options

  static async start(desk) {
    const app = new App()
    app.#desk = desk
    app.#options = over(desk)
    app.as = await discover(desk, 'oidc')
    return app
  }

  link({ parameters }) {
    return `${this.as.authorization_endpoint}?${parameters}`
  }

  /** Checks the redirect and sends its code; the answer is not judged. */
  async redeem({ request, verifier }, redirect, expectedState = request.state) {
    const answer = oauth.validateAuthResponse(this.as, client, redirect, expectedState)
    return oauth.authorizationCodeGrantRequest(this.as, client, oauth.None(), answer, request.redirect_uri, verifier, this.#options)
  }

  /** Redeems, and checks all there is, the signature too. */
  async finish(begun, redirect) {
    const response = await this.redeem(begun, redirect)
    const tokens = await oauth.processAuthorizationCodeResponse(this.as, client, response, checks(begun))
    await oauth.validateApplicationLevelSignature(this.as, response, this.#options)
    return tokens
  }

  async login(changes) {
    const begun = await begin(changes)
    return this.finish(begun, await this.#desk.accept(this.link(begun)))
  }

  /** Pushes the request (RFC 9126) and returns the link that names it. */
  async push({ parameters }) {
    const response = await oauth.pushedAuthorizationRequest(this.as, client, oauth.None(), parameters, this.#options)
    const { request_uri } = await oauth.processPushedAuthorizationResponse(this.as, client, response)
    return this.link({ parameters: toParameters({ client_id: clientId, request_uri }) })
  }

  async refresh(token, additionalParameters) {
    const response = await oauth.refreshTokenGrantRequest(this.as, client, oauth.None(), token, { additionalParameters, ...this.#options })
    const tokens = await oauth.processRefreshTokenResponse(this.as, client, response)
    if (tokens.id_token) await oauth.validateApplicationLevelSignature(this.as, response, this.#options)
    return tokens
  }

  async userinfo({ access_token }, subject) {
    const response = await oauth.userInfoRequest(this.as, client, access_token, this.#options)
    return oauth.processUserInfoResponse(this.as, client, subject, response)
  }

  /** Asks as the API app. */
  async introspect(token, authentication = oauth.ClientSecretBasic(this.#desk.secret)) {
    const response = await oauth.introspectionRequest(this.as, api, authentication, token, this.#options)
    return oauth.processIntrospectionResponse(this.as, api, response)
  }

  async revoke(token) {
    await oauth.processRevocationResponse(await oauth.revocationRequest(this.as, client, oauth.None(), token, this.#options))
  }

  /** Checks a bearer token as an API does that only knows the metadata (RFC 9068 section 4). */
  async validate({ access_token }, audience) {
    const request = new Request(audience, { headers: { authorization: `Bearer ${access_token}` } })
    return oauth.validateJwtAccessToken(this.as, request, audience, this.#options)
  }
}
