package org.offlineauth.client;

import android.content.Intent;
import java.io.IOException;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Both wires of a service that is bound: messages first for what is small, streams for the rest. */
final class AndroidService implements Device.Service {
  private final Wire message;
  private final Wire stream; // null if the service has none
  private final Wire first = this::sendFirst;

  AndroidService(AndroidDevice device, ServiceAddress address, Pin pin) {
    Intent streams = device.streams(address);
    Binding toMessages = new Binding(device, pin, () -> device.messages(address));
    message = new MessengerWire(toMessages, streams != null, MessengerWire.TIMEOUT);
    stream = streams == null ? null : new StreamWire(new Binding(device, pin, () -> streams));
  }

  @Override
  public Wire endpoints() {
    return first;
  }

  @Override
  public Wire apis() {
    return stream == null ? first : stream;
  }

  private Response sendFirst(Request request, Wire.Canceller canceller) throws IOException {
    RequestBody body = request.body();
    if (stream == null) {
      return message.send(request, canceller);
    }
    if (body != null && (body.isOneShot() || body.contentLength() > MessengerWire.SMALL)) {
      return stream.send(request, canceller);
    }
    try {
      return message.send(request, canceller);
    } catch (TooLargeException e) {
      if (e.isResponse() && !request.method().equals("GET") && !request.method().equals("HEAD")) {
        throw e; // it was carried out, and once is enough
      }
      return stream.send(request, canceller);
    } catch (NoServiceException e) {
      return stream.send(request, canceller);
    }
  }
}
