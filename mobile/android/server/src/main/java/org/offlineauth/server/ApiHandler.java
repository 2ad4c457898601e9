package org.offlineauth.server;

import org.offlineauth.mobile.Token;

/** Answers the requests to the APIs of an app. */
public interface ApiHandler {
  /**
   * Answers one request that came with a good token. Several threads may ask at once.
   *
   * @param request one HTTP/1.1 message, without the token
   * @param token what the token allows, and for whom
   * @return one HTTP/1.1 message, within 30 seconds
   * @throws Exception answers the request with 502; the cause goes to the log
   */
  byte[] answer(byte[] request, Token token) throws Exception;
}
