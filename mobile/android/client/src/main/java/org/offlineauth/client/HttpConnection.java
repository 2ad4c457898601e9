package org.offlineauth.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.Okio;
import okio.Sink;
import okio.Source;
import okio.Timeout;

/** HTTP/1.1 (RFC 9112) on a stream, one exchange at a time. */
final class HttpConnection {
  private static final long HEAD = 30_000; // milliseconds
  private static final long IDLE = 60_000; // milliseconds that a body may stand still

  private final DescriptorStream stream;
  private final byte[] unread = new byte[16 << 10];
  private int from;
  private int to;

  HttpConnection(DescriptorStream stream) {
    this.stream = stream;
  }

  boolean isStale() {
    return from < to || stream.isStale();
  }

  void abort() {
    stream.abort();
  }

  void close() {
    stream.close();
  }

  /** Is told when the exchange is over. */
  interface End {
    /** reusable says whether the connection can carry another one. */
    void ended(boolean reusable);
  }

  /** The response, whose body is read from the connection. end is told once it is read or closed, not after an exception. */
  Response exchange(Request request, End end) throws IOException {
    stream.setTimeout(HEAD);
    write(request);
    stream.setTimeout(HEAD);
    HttpHead head = readHead();
    boolean chunked = head.isChunked();
    long length = head.length();
    boolean keeps = keepsAlive(head);
    boolean hasBody = head.hasBody(request.method());
    stream.setTimeout(IDLE);
    Source body = !hasBody ? new Body(0, false, keeps, end) : new Body(chunked ? -1 : length, chunked, keeps && (chunked || length >= 0), end);
    Headers headers = head.headers(hasBody && !chunked ? length : -1);
    Response.Builder response =
        new Response.Builder().request(request).protocol(Protocol.HTTP_1_1).code(head.status).message(head.reason).headers(headers);
    if (!hasBody || length == 0) {
      body.close();
      return response.body(ResponseBody.create(new byte[0], Messages.type(headers))).build();
    }
    return response.body(new StreamBody(Messages.type(headers), chunked ? -1 : length, Okio.buffer(body))).build();
  }

  private static boolean keepsAlive(HttpHead head) {
    for (String value : head.values("Connection")) {
      if (value.toLowerCase(Locale.ROOT).contains("close")) {
        return false;
      }
    }
    return true;
  }

  private void write(Request request) throws IOException {
    RequestBody body = request.body();
    long length = body == null ? 0 : body.contentLength();
    boolean expected = body != null || request.method().equals("POST") || request.method().equals("PUT") || request.method().equals("PATCH");
    String framing = length < 0 ? "Transfer-Encoding: chunked\r\n" : expected ? "Content-Length: " + length + "\r\n" : "";
    byte[] head = Messages.head(request, framing);
    stream.write(head, 0, head.length);
    if (body == null) {
      return;
    }
    BufferedSink sink = Okio.buffer(new BodySink(length));
    body.writeTo(sink);
    sink.close();
  }

  /** Skips interim responses. */
  private HttpHead readHead() throws IOException {
    while (true) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      String line;
      do {
        line = readLine(HttpHead.MAX);
        bytes.write(line.getBytes(StandardCharsets.ISO_8859_1));
        if (bytes.size() > HttpHead.MAX) {
          throw new MessageException("too-large", "a head over " + HttpHead.MAX + " bytes");
        }
      } while (!line.equals("\r\n") && !line.equals("\n"));
      HttpHead head = new HttpHead(bytes.toByteArray());
      if (head.status >= 200) {
        return head;
      }
      if (head.status == 101) {
        throw new MessageException("status", "protocols are not switched");
      }
    }
  }

  /** A line with its end. */
  private String readLine(int max) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() <= max) {
      char c = (char) (readByte() & 0xFF);
      line.append(c);
      if (c == '\n') {
        return line.toString();
      }
    }
    throw new MessageException("too-large", "a line over " + max + " bytes");
  }

  private byte readByte() throws IOException {
    if (from == to && !fill()) {
      throw new ServiceDiedException("the service closed the connection before its answer ended");
    }
    return unread[from++];
  }

  private boolean fill() throws IOException {
    from = 0;
    to = Math.max(0, stream.read(unread, 0, unread.length));
    return to > 0;
  }

  /** The bytes of a request's body, framed. */
  private final class BodySink implements Sink {
    private final boolean chunked;
    private long left;
    private boolean closed;

    BodySink(long length) {
      chunked = length < 0;
      left = length;
    }

    @Override
    public void write(Buffer source, long count) throws IOException {
      if (!chunked && count > left) {
        throw new IOException("the body is longer than its contentLength");
      }
      if (count == 0) {
        return;
      }
      stream.setTimeout(IDLE);
      if (chunked) {
        writeText(Long.toHexString(count) + "\r\n");
      }
      byte[] bytes = source.readByteArray(count);
      stream.write(bytes, 0, bytes.length);
      left -= count;
      if (chunked) {
        writeText("\r\n");
      }
    }

    private void writeText(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
      stream.write(bytes, 0, bytes.length);
    }

    @Override
    public void flush() {}

    @Override
    public Timeout timeout() {
      return Timeout.NONE;
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      if (!chunked && left > 0) {
        throw new IOException("the body is shorter than its contentLength");
      }
      if (chunked) {
        writeText("0\r\n\r\n");
      }
    }
  }

  /** The bytes of a response's body, without their framing. */
  private final class Body implements Source {
    private final boolean chunked;
    private final boolean reusable;
    private final End end;
    private long left; // of the body, or of the chunk; -1 up to the end of the stream
    private boolean begun;
    private boolean over;
    private boolean ended;

    Body(long length, boolean chunked, boolean reusable, End end) {
      this.left = length;
      this.chunked = chunked;
      this.reusable = reusable;
      this.end = end;
      this.over = length == 0;
    }

    @Override
    public long read(Buffer sink, long count) throws IOException {
      if (chunked && !over && left <= 0) {
        nextChunk();
      }
      if (over) {
        return -1;
      }
      if (from == to && !fill()) {
        if (left < 0) {
          finish();
          return -1;
        }
        throw new ServiceDiedException("the service closed the connection before its answer ended");
      }
      int n = (int) Math.min(count, to - from);
      n = left < 0 ? n : (int) Math.min(n, left);
      sink.write(unread, from, n);
      from += n;
      left -= left < 0 ? 0 : n;
      if (!chunked && left == 0) {
        finish();
      }
      return n;
    }

    private void nextChunk() throws IOException {
      if (begun && !readLine(2).trim().isEmpty()) {
        throw new MessageException("chunk", "a chunk is longer than it says");
      }
      begun = true;
      String line = readLine(1024);
      left = Messages.chunkSize(line.substring(0, line.length() - 1));
      if (left > 0) {
        return;
      }
      while (!readLine(HttpHead.MAX).trim().isEmpty()) {
        continue; // trailers are dropped
      }
      finish();
    }

    private void finish() {
      over = true;
      tell(reusable);
    }

    private void tell(boolean canCarryMore) {
      if (!ended) {
        ended = true;
        end.ended(canCarryMore);
      }
    }

    @Override
    public Timeout timeout() {
      return Timeout.NONE;
    }

    /** What was not read to its end cannot be read by the next. */
    @Override
    public void close() {
      tell(over && reusable);
      over = true;
    }
  }

  private static final class StreamBody extends ResponseBody {
    private final MediaType type;
    private final long length;
    private final BufferedSource source;

    StreamBody(MediaType type, long length, BufferedSource source) {
      this.type = type;
      this.length = length;
      this.source = source;
    }

    @Override
    public MediaType contentType() {
      return type;
    }

    @Override
    public long contentLength() {
      return length;
    }

    @Override
    public BufferedSource source() {
      return source;
    }
  }
}
