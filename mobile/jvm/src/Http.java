import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** As much of HTTP as the tests need. */
final class Http {
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)");

  private Http() {}

  static byte[] message(String head, byte[] body) {
    byte[] first = (head + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(first, first.length + body.length);
    System.arraycopy(body, 0, all, first.length, body.length);
    return all;
  }

  static int status(byte[] message) {
    return Integer.parseInt(head(message).split(" ")[1]);
  }

  static String text(byte[] message) {
    return new String(message, StandardCharsets.UTF_8);
  }

  static String head(byte[] message) {
    return new String(message, 0, end(message, message.length), StandardCharsets.UTF_8);
  }

  static byte[] body(byte[] message) {
    return Arrays.copyOfRange(message, end(message, message.length) + 4, message.length);
  }

  static void write(SocketChannel to, byte[] message) throws IOException {
    for (ByteBuffer rest = ByteBuffer.wrap(message); rest.hasRemaining(); ) {
      to.write(rest);
    }
  }

  /** Reads one response with a length and returns its body. */
  static byte[] readBody(SocketChannel from) throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    while (true) {
      byte[] all = read.toByteArray();
      int end = end(all, all.length);
      if (end >= 0) {
        Matcher m = LENGTH.matcher(new String(all, 0, end, StandardCharsets.UTF_8));
        if (!m.find()) {
          throw new IOException("a response without a length");
        }
        if (all.length - end - 4 == Integer.parseInt(m.group(1))) {
          return body(all);
        }
      }
      if (from.read(buffer) < 0) {
        throw new IOException("the response ends after " + all.length + " bytes");
      }
      read.write(buffer.array(), 0, buffer.position());
      buffer.clear();
    }
  }

  private static int end(byte[] message, int length) {
    for (int i = 0; i + 4 <= length; i++) {
      if (message[i] == '\r' && message[i + 1] == '\n' && message[i + 2] == '\r' && message[i + 3] == '\n') {
        return i;
      }
    }
    return -1;
  }
}
