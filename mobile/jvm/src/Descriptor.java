import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** What ParcelFileDescriptor.detachFd is on a phone. */
final class Descriptor {
  // Their descriptors are Go's now. Nothing here may close them.
  private static final List<SocketChannel> detached = new ArrayList<>();

  private Descriptor() {}

  static long detach(SocketChannel channel) throws ReflectiveOperationException {
    detached.add(channel);
    var number = channel.getClass().getDeclaredMethod("getFDVal");
    number.setAccessible(true);
    return (int) number.invoke(channel);
  }
}
