// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.manager.ManagedType;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.io.Serializable;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server is to be like, besides its address and key, in types that can be sent to the process that it is to be in.
 *
 * @param usesTls whether clients have to use TLS
 * @param keyStore file with its certificate; null if one is to be made
 * @param password of that file
 * @param types of the user's own
 * @param kept where it keeps what it has; null if it does not
 * @param functionTimeout how long code of users may take; zero if there is no limit
 */
public record ServerSetup(
    boolean usesTls,
    @Nullable String keyStore,
    char @Nullable [] password,
    List<ManagedType<?>> types,
    @Nullable StoreOptions kept,
    Duration functionTimeout)
    implements Serializable {
  /** Without anything of that. */
  public static final ServerSetup PLAIN = of(ManagerOptions.builder().build());

  /** Takes what options say. */
  public static ServerSetup of(ManagerOptions options) {
    return new ServerSetup(
        options.isTls(),
        options.keyStore().map(Path::toString).orElse(null),
        options.keyStorePassword().orElse(null),
        options.types(),
        StoreOptions.of(options.store(), options.isStoreSync()),
        options.functionTimeout());
  }

  /** With nothing but a store. */
  static ServerSetup keeping(@Nullable StoreOptions kept) {
    return new ServerSetup(false, null, null, List.of(), kept, Duration.ZERO);
  }

  /** Makes the TLS that it says; null if there is to be none. */
  @Nullable
  ServerTls tls(SocketAddress address) throws IOException {
    if (!usesTls) {
      return null;
    }
    ManagerOptions.Builder options = ManagerOptions.builder().address(address).tls(true);
    if (keyStore != null && password != null) {
      options.keyStore(Path.of(keyStore), password);
    }
    return ServerTls.of(options.build()).orElseThrow();
  }
}
