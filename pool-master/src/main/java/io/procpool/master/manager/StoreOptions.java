// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where and how a server keeps what it has; it can be sent to the child that is the server. Immutable. */
public final class StoreOptions implements Serializable {
  private static final long serialVersionUID = 1;

  private final String directory;
  private final boolean sync;
  private final long renewedBytes;

  private StoreOptions(Path directory, boolean sync, long renewedBytes) {
    this.directory = directory.toAbsolutePath().toString();
    this.sync = sync;
    this.renewedBytes = renewedBytes;
  }

  /**
   * Says where.
   *
   * @param directory the store; null for none
   * @param sync whether what was acknowledged is on the disk, and not only with the operating system
   */
  public static @Nullable StoreOptions of(Optional<Path> directory, boolean sync) {
    return directory.isEmpty()
        ? null
        : new StoreOptions(directory.get(), sync, Store.RENEWED_BYTES);
  }

  /** As this, but the journal is renewed when it has so many bytes. */
  StoreOptions renewedBytes(long bytes) {
    return new StoreOptions(directory(), sync, bytes);
  }

  Path directory() {
    return Path.of(directory);
  }

  boolean sync() {
    return sync;
  }

  long renewedBytes() {
    return renewedBytes;
  }
}
