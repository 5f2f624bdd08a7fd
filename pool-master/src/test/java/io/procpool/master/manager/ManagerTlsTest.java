// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.channel.WrongKeyException;
import io.procpool.ipc.memory.Session;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.WrongCertificateException;
import io.procpool.master.process.Faults;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Managers that use TLS: what works, and who is refused. */
@Timeout(120)
class ManagerTlsTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final char[] PASSWORD = "the password of stores".toCharArray();
  private static final String FINGERPRINT = "([0-9A-F]{2}:){31}[0-9A-F]{2}";

  @TempDir
  private Path directory;

  @AfterEach
  void nothingIsLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    String[] files =
        new File(Session.current().path()).list((place, name) -> name.startsWith("manager-"));
    assertThat(files).isEmpty();
  }

  private static SocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private static ManagerOptions.Builder at(SocketAddress address) {
    return ManagerOptions.builder().hosted(true).address(address).key(KEY).tls(true);
  }

  private static Manager withTls() {
    return Manager.start(at(loopback(0)).build());
  }

  private static ManagerServer serverWithTls() throws IOException {
    ServerSetup setup = ServerSetup.of(at(loopback(0)).build());
    return ManagerServer.start(loopback(0), KEY, setup);
  }

  private static ConnectOptions.Builder tls() {
    return ConnectOptions.builder().tls(true);
  }

  private Path store(SelfSigned made, boolean withKey) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    if (withKey) {
      store.setKeyEntry("own", made.key(), PASSWORD, new Certificate[] {made.certificate()});
    } else {
      store.setCertificateEntry("trusted", made.certificate());
    }
    Path file = Files.createTempFile(directory, "store", ".p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, PASSWORD);
    }
    return file;
  }

  private static <T> FutureTask<T> begin(java.util.concurrent.Callable<T> call) {
    FutureTask<T> begun = new FutureTask<>(call);
    Thread thread = new Thread(begun, "manager-test");
    thread.setDaemon(true);
    thread.start();
    return begun;
  }

  private static void assertWorks(Manager manager) {
    ManagedList<Integer> list = manager.list();
    list.add(1);
    assertThat(list).containsExactly(1);
  }

  // What works.

  /** Handles of a server that listens at all addresses work in the workers of the session. */
  @Test
  void serve_atAllAddresses_workersUseIt() throws Exception {
    try (Manager manager = Manager.serve(new InetSocketAddress("0.0.0.0", 0), KEY);
        Pool pool = Pool.ofWorkers(2)) {
      assertThat(manager.fingerprint().orElseThrow()).matches(FINGERPRINT);
      ManagedMap<String, Integer> counts = manager.map();
      pool.map(
          i -> counts.merge("count", i, (a, b) -> a + b),
          IntStream.range(0, 300).boxed().toList());
      assertThat(counts).containsEntry("count", 299 * 300 / 2);
      assertThat(pool.apply(() -> manager.fingerprint().orElseThrow()))
          .isEqualTo(manager.fingerprint().orElseThrow());
      try (Manager other = Manager.connect(manager.address(), KEY)) {
        assertThat(other.fingerprint()).isEqualTo(manager.fingerprint());
      }
    }
  }

  /** Large values, and many threads over one connection, both ways. */
  @Test
  void values_largeAndMany_areWhole() throws Exception {
    try (Manager manager = withTls()) {
      int times = LongForm.choose(3, 1);
      byte[] large = new byte[2_000_001];
      new Random(1).nextBytes(large);
      ManagedList<byte[]> list = manager.list();
      list.add(large);
      ManagedMap<Integer, Integer> sums = manager.map();
      List<FutureTask<Integer>> threads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int thread = i;
        threads.add(begin(() -> {
          int good = 0;
          for (int j = 0; j < 100 * times; j++) {
            sums.merge(thread, 1, (a, b) -> a + b);
            if (j % 100 == thread) {
              good += java.util.Arrays.equals(list.get(0), large) ? 1 : 0;
            }
          }
          return good;
        }));
      }
      for (int i = 0; i < 8; i++) {
        assertThat(threads.get(i).get(60, TimeUnit.SECONDS)).isEqualTo(times);
        assertThat(sums).containsEntry(i, 100 * times);
      }
    }
  }

  /** However the bytes are cut on their way. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1500})
  void bytes_inPieces_areUnderstood(int pieceBytes) throws Exception {
    try (ManagerServer server = serverWithTls(); // to which this process is not connected yet
        Relay relay = Relay.ofBytes(server.address(), pieceBytes);
        Manager behind = Manager.connect(relay.address(), KEY, tls().build())) {
      ManagedList<String> list = behind.list("pieces");
      list.add("some text".repeat(1000));
      list.add("");
      assertThat(list).containsExactly("some text".repeat(1000), "");
      assertThat(relay.passedBytes()).isGreaterThan(9000 * 2);
    }
  }

  /** A connection that has carried much gets new keys, which both sides have to agree on while others are sending. */
  @Test
  void keys_renewed_connectionGoesOn() throws Exception {
    try (Manager manager = withTls()) {
      SocketAddress address = manager.address();
      String where = ((InetSocketAddress) address).getPort() + "";
      ChildProcess child = ChildProcess.start(() -> {
        Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate 2^18");
        SocketAddress there = loopback(Integer.parseInt(where));
        try (Manager mine = Manager.connect(there, KEY, tls().build())) {
          ManagedList<byte[]> list = mine.list("much");
          for (int i = 0; i < 100; i++) {
            list.add(new byte[100_000]);
          }
          if (list.get(99).length != 100_000 || list.size() != 100) {
            throw new AssertionError("something was lost");
          }
        }
      });
      assertThat(child.join(Duration.ofSeconds(60))).isTrue();
      assertThat(child.exitCode()).hasValue(0);
      assertThat(manager.list("much")).hasSize(100);
    }
  }

  @Test
  void start_inAJvmOfItsOwn_withKeyStore() throws Exception {
    SelfSigned made = SelfSigned.make("a name");
    Path keys = store(made, true);
    Path trusted = store(made, false);
    ManagerOptions options = ManagerOptions.builder()
        .address(loopback(0))
        .key(KEY)
        .keyStore(keys, PASSWORD)
        .build();
    assertThat(options.isTls()).isTrue();
    try (Manager manager = Manager.start(options)) {
      assertWorks(manager);
      try (Manager pinned = Manager.connect(
              manager.address(),
              KEY,
              ConnectOptions.builder()
                  .fingerprint(manager.fingerprint().orElseThrow())
                  .build());
          Manager trusting = Manager.connect(
              manager.address(),
              KEY,
              ConnectOptions.builder().trustStore(trusted, PASSWORD).build())) {
        assertWorks(pinned);
        assertWorks(trusting);
      }
    }
  }

  /** Same place, key and key store: clients that know the fingerprint come back; without a key store it is another one. */
  @Test
  void restart_samePlace_clientsComeBack() throws Exception {
    Path keys = store(SelfSigned.make("a name"), true);
    Manager first = Manager.start(at(loopback(0)).keyStore(keys, PASSWORD).build());
    SocketAddress address = first.address();
    ConnectOptions pinned =
        ConnectOptions.builder().fingerprint(first.fingerprint().orElseThrow()).build();
    try (Manager client = Manager.connect(address, KEY, pinned)) {
      ManagedQueue<String> queue = client.queue(1);
      FutureTask<String> waits = begin(queue::take);
      Faults.awaitLong("the client to wait").until(() -> !waits.isDone() && isWaiting(queue));
      first.close();
      assertThatThrownBy(() -> waits.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(ManagerGoneException.class);
      try (Manager second = Manager.start(at(address).keyStore(keys, PASSWORD).build());
          Manager again = Manager.connect(address, KEY, pinned)) {
        assertWorks(again);
        assertThat(second.fingerprint()).isEqualTo(pinned.fingerprint());
        assertThatThrownBy(queue::size).isInstanceOf(ManagerException.class);
      }
      try (Manager third = Manager.start(at(address).build())) {
        assertThatThrownBy(() -> Manager.connect(address, KEY, pinned))
            .isInstanceOf(WrongCertificateException.class)
            .hasMessageContaining(third.fingerprint().orElseThrow())
            .hasMessageContaining(pinned.fingerprint().orElseThrow());
      }
    }
  }

  private static boolean isWaiting(ManagedQueue<String> queue) {
    return queue.isEmpty() && queue.remainingCapacity() == 1;
  }

  // Who is refused.

  /** The certificate of somebody in between is found out by the key alone, and by a fingerprint before the key is used. */
  @Test
  void connect_manInTheMiddle_isRefused() throws Exception {
    SelfSigned own = SelfSigned.make("procpool manager");
    try (Manager manager = withTls();
        Relay relay = Relay.inTheMiddle(manager.address(), own)) {
      assertThatThrownBy(() -> Manager.connect(relay.address(), KEY, tls().build()))
          .isInstanceOf(WrongKeyException.class)
          .hasMessageContaining("is not its own but that of somebody in between");
      assertThatThrownBy(() -> Manager.connect(
              relay.address(),
              KEY,
              tls().fingerprint(manager.fingerprint().orElseThrow()).build()))
          .isInstanceOfSatisfying(WrongCertificateException.class, wrong -> {
            assertThat(wrong.expected()).isEqualTo(manager.fingerprint());
            assertThat(wrong.presented())
                .matches(FINGERPRINT)
                .isNotEqualTo(wrong.expected().get());
            assertThat(wrong).hasMessageContaining(wrong.presented());
            assertThat(wrong).hasMessageContaining(wrong.expected().get());
          });
      assertWorks(manager);
    }
  }

  @Test
  void connect_notSignedByOneInTheTrustStore_isRefused() throws Exception {
    SelfSigned other = SelfSigned.make("another");
    Path trusted = store(other, false);
    try (Manager manager = withTls()) {
      assertThatThrownBy(() -> Manager.connect(
              manager.address(), KEY, tls().trustStore(trusted, PASSWORD).build()))
          .isInstanceOfSatisfying(
              WrongCertificateException.class,
              wrong -> assertThat(wrong.expected()).isEmpty())
          .hasMessageContaining(manager.fingerprint().orElseThrow())
          .hasMessageContaining(trusted.toString());
      assertThatThrownBy(() -> Manager.connect(
              manager.address(),
              KEY,
              tls().trustStore(trusted, "no".toCharArray()).build()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("trustStore: " + trusted + " cannot be used");
    }
  }

  @Test
  void connect_wrongKeyInsideTls_isRefused() throws Exception {
    try (Manager manager = withTls()) {
      assertThatThrownBy(() -> Manager.connect(
              manager.address(), "another key, also long".getBytes(), tls().build()))
          .isInstanceOf(WrongKeyException.class)
          .hasMessageContaining("has another key");
      assertWorks(manager);
    }
  }

  /** Neither waits for the other one. */
  @Test
  @Tag("stress") // takes as long as a listener's patience
  void connect_plainToTls_saysSoInTime() throws Exception {
    try (Manager manager = withTls()) {
      assertPlainIsToldOfTls(manager.address());
    }
  }

  /** The same by parts: what the listener says when its patience is at an end, and what a client makes of it. */
  @Test
  void connect_plainToWhatSaysTls_saysSo() throws Exception {
    EmbeddedChannel silent = new EmbeddedChannel();
    silent.freezeTime();
    silent.pipeline().addLast(new TlsFirst()).fireChannelActive();
    silent.advanceTimeBy(TlsFirst.PATIENCE_SECONDS, TimeUnit.SECONDS);
    silent.runScheduledPendingTasks();
    ByteBuf said = silent.readOutbound();
    assertThat(silent.isOpen()).isFalse();
    try (ServerSocketChannel listener = ServerSocketChannel.open().bind(loopback(0))) {
      FutureTask<Boolean> saying = begin(() -> {
        try (SocketChannel client = listener.accept()) {
          client.write(said.nioBuffer());
          return true;
        }
      });
      assertPlainIsToldOfTls(listener.getLocalAddress());
      saying.get(60, TimeUnit.SECONDS);
    }
  }

  private static void assertPlainIsToldOfTls(SocketAddress address) {
    assertThatThrownBy(() -> Manager.connect(address, KEY, Duration.ofSeconds(60)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the listener uses TLS, and this side does not");
  }

  @Test
  void connect_tlsToPlain_saysSoInTime() throws Exception {
    ManagerOptions plain =
        ManagerOptions.builder().hosted(true).address(loopback(0)).key(KEY).build();
    try (Manager manager = Manager.start(plain)) {
      assertThat(manager.fingerprint()).isEmpty();
      assertThatThrownBy(() -> Manager.connect(manager.address(), KEY, tls().build()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("who listens there does not use TLS, and this side wants it");
      assertWorks(manager);
    }
  }

  @Test
  void connect_olderTls_isRefused() throws Exception {
    try (Manager manager = withTls()) {
      assertThatThrownBy(() -> RawPeer.tls(manager.address(), "TLSv1.2"))
          .isInstanceOf(SSLException.class)
          .hasMessageContaining("protocol_version");
      RawPeer.tls(manager.address(), "TLSv1.3").close();
      assertWorks(manager);
    }
  }

  /** A connection that is cut anywhere, also in the middle of a record, is an end; nobody waits for the rest. */
  @Test
  void connection_cut_bothSidesEnd() throws Exception {
    try (ManagerServer server = serverWithTls();
        Relay relay = Relay.ofBytes(server.address(), 7);
        Manager behind = Manager.connect(relay.address(), KEY, tls().build())) {
      ManagedQueue<String> queue = behind.queue(1);
      FutureTask<String> waits = begin(queue::take);
      ManagedList<byte[]> list = behind.list("cut");
      FutureTask<Boolean> adds = begin(() -> list.add(new byte[50_000_000]));
      Faults.awaitLong("the client to send").until(() -> relay.passedBytes() > 100_000);
      relay.cut();
      for (FutureTask<?> each : List.of(waits, adds)) {
        assertThatThrownBy(() -> each.get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(ManagerGoneException.class);
      }
      try (Manager again = Manager.connect(server.address(), KEY, tls().build())) {
        assertThat(again.list("cut")).isEmpty();
      }
    }
  }

  /** What comes instead of TLS, or stops in the middle of its handshake. */
  @Test
  @Tag("stress")
  void guests_withoutProperTls_areClosed() throws Exception {
    byte[] hello = {22, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3};
    byte[] random = new byte[300];
    new Random(2).nextBytes(random);
    random[0] = 99;
    byte[] huge = {22, 3, 3, (byte) 0xff, (byte) 0xff, 1};
    try (Manager manager = withTls();
        RawPeer half = RawPeer.plain(manager.address());
        RawPeer noise = RawPeer.plain(manager.address());
        RawPeer large = RawPeer.plain(manager.address())) {
      long start = System.nanoTime();
      half.write(hello);
      noise.write(random).awaitEnd();
      large.write(huge);
      assertWorks(manager);
      half.awaitEnd();
      large.awaitEnd();
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(25));
      assertWorks(manager);
    }
  }

  // Options.

  @Test
  void options_bad_sayWhat() throws Exception {
    SocketAddress beyond = new InetSocketAddress("0.0.0.0", 0);
    SocketAddress unix = UnixDomainSocketAddress.of(directory.resolve("socket"));
    assertThatThrownBy(() -> at(beyond).tls(false).build())
        .hasMessageContaining("is beyond the loopback interface, where managers always use TLS");
    assertThatThrownBy(() -> at(unix).build())
        .hasMessageContaining("Unix domain sockets have no TLS");
    assertThatThrownBy(() -> ManagerOptions.builder().tls(true).build())
        .hasMessageContaining("a place of the server's own");
    assertThatThrownBy(
            () -> at(loopback(0)).keyStore(directory, PASSWORD).tls(false).build())
        .hasMessageContaining("leave one of the two out");
    assertThatThrownBy(() -> ConnectOptions.builder().fingerprint("AB:CD"))
        .hasMessageContaining("fingerprint: \"AB:CD\" (expected: 64 hexadecimal digits");
    assertThatThrownBy(() -> Manager.connect(unix, KEY, tls().build()))
        .hasMessageContaining("expected: an InetSocketAddress");
    assertThatThrownBy(() ->
            Manager.connect(beyond, KEY, ConnectOptions.builder().tls(false).build()))
        .hasMessageContaining("where managers always use TLS");
    assertThat(at(beyond).keyStore(directory, PASSWORD).build().toString())
        .doesNotContain("password of")
        .contains("tls");
  }

  @Test
  void keyStore_bad_saysWhat() throws Exception {
    Path none = directory.resolve("none");
    Path noKey = store(SelfSigned.make("a name"), false);
    for (Path bad : List.of(none, noKey)) {
      for (boolean hosted : bad == none ? new boolean[] {true} : new boolean[] {true, false}) {
        ManagerOptions options =
            at(loopback(0)).hosted(hosted).keyStore(bad, PASSWORD).build();
        assertThatThrownBy(() -> Manager.start(options))
            .isInstanceOf(ManagerException.class)
            .hasMessageContaining("keyStore: " + bad + " cannot be used");
        Faults.awaitLong("the child to end")
            .until(() -> ChildProcess.activeChildren().isEmpty());
      }
    }
    Path file = store(SelfSigned.make("a name"), true);
    assertThatThrownBy(() ->
            Manager.start(at(loopback(0)).keyStore(file, "wrong".toCharArray()).build()))
        .hasMessageContaining("keyStore: " + file + " cannot be used");
  }

  /** A certificate that is made is one that the JDK can read, and differs each time. */
  @Test
  void selfSigned_made_isACertificate() throws Exception {
    SelfSigned one = SelfSigned.make("procpool manager");
    one.certificate().verify(one.certificate().getPublicKey());
    one.certificate().checkValidity();
    assertThat(one.certificate().getVersion()).isEqualTo(3);
    assertThat(one.certificate().getSubjectX500Principal().getName())
        .isEqualTo("CN=procpool manager");
    assertThat(one.certificate().getSerialNumber()).isPositive();
    assertThat(SelfSigned.make("procpool manager").certificate()).isNotEqualTo(one.certificate());
  }
}
