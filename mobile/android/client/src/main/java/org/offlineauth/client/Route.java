package org.offlineauth.client;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** The way of one login to the issuer: a service, or the network. */
final class Route {
  private static final long TIMEOUT = 30; // seconds, of one exchange with the authorization server

  final String value; // of ipc-service, as it is stored; "" for the network
  final Device.Service service; // null for the network
  private final OkHttpClient network;

  private Route(String value, Device.Service service, OkHttpClient network) {
    this.value = value;
    this.service = service;
    this.network =
        network.newBuilder().followRedirects(false).followSslRedirects(false).callTimeout(TIMEOUT, TimeUnit.SECONDS).build();
  }

  /**
   * Verifies the service that an ipc-service value names: the first of its targets that is a pinned
   * package. "" is the network.
   */
  static Route of(Configuration configuration, Device device, String value) throws IOException {
    if (value.isEmpty()) {
      return new Route("", null, configuration.network);
    }
    String reason = "no package of it is pinned";
    try {
      for (ServiceAddress address : ServiceAddress.parse(value)) {
        Pin pin = address.isAndroid() ? configuration.pin(address.name) : null;
        if (pin != null && device.isInstalled(pin)) {
          return new Route(value, device.service(address, pin), configuration.network);
        }
        reason = pin == null ? reason : address.name + " is not installed";
      }
    } catch (IllegalArgumentException e) {
      reason = e.getMessage();
    }
    throw new UnverifiedServiceException(value, reason);
  }

  boolean isLocal() {
    return service != null;
  }

  /** One exchange with the authorization server. HTTP's redirects are not followed. */
  Response exchange(Request request) throws IOException {
    return service == null ? network.newCall(request).execute() : service.endpoints().send(request, Wire.Canceller.NEVER);
  }
}
