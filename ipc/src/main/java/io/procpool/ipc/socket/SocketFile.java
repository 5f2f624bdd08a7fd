// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** The file of a Unix domain socket. Immutable. */
public final class SocketFile {
  private static final int TYPE_MASK = 0170000;
  private static final int SOCKET_TYPE = 0140000;

  private final Path path;
  private final @Nullable Object
      identity; // of the file that was made; null if the system does not tell

  private SocketFile(Path path, @Nullable Object identity) {
    this.path = path;
    this.identity = identity;
  }

  /**
   * Makes room for a socket: removes one at which nobody listens.
   *
   * @throws IOException if there is something else
   */
  public static void makeRoom(UnixDomainSocketAddress address) throws IOException {
    Path path = address.getPath();
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!isSocket(path)) {
      throw new IOException(
          "the file is there already, and is no socket; remove it, or use another");
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.configureBlocking(false); // a listener with no room for more is one, too
      probe.connect(address);
    } catch (java.net.ConnectException nobody) {
      Files.deleteIfExists(path);
      return;
    }
    throw new IOException("another process, or this one, listens there");
  }

  private static boolean isSocket(Path path) throws IOException {
    try {
      Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return mode instanceof Integer number && (number & TYPE_MASK) == SOCKET_TYPE;
    } catch (UnsupportedOperationException | IllegalArgumentException notUnix) {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther();
    }
  }

  /**
   * Takes a socket that has just been made: nobody but its owner may connect.
   *
   * @throws IOException if that cannot be
   */
  public static SocketFile made(UnixDomainSocketAddress address) throws IOException {
    Path path = address.getPath();
    try {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (UnsupportedOperationException notUnix) {
      // Its folder decides.
    }
    return new SocketFile(path, identity(path));
  }

  private static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /** Removes it, unless another has taken its place. */
  public void delete() {
    try {
      Object now = identity(path);
      if (now == null || now.equals(identity)) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // It is gone, or cannot be removed.
    }
  }
}
