// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.awaitLong;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.channel.Pipe;
import io.procpool.channel.WrongKeyException;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ConnectionListener}: who is let in, who is not, and that those who are not cost nobody else anything. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SocketListenerTest {
  private static final byte[] KEY = RawClient.random(20);
  private static final byte[] OTHER_KEY = RawClient.random(21);
  private static final Duration BRIEF = SHORT.dividedBy(5);

  private static Descriptors first = Descriptors.now();

  @TempDir
  Path folder;

  private Descriptors before = Descriptors.now();

  @BeforeAll
  static void countFirst() {
    first = Descriptors.now();
  }

  @AfterAll
  static void noSelectorIsLeft() {
    first.assertNoMoreSelectors();
  }

  @BeforeEach
  void count() {
    before = Descriptors.now();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    before.assertNoMore();
    try (var files = Files.list(folder)) {
      assertThat(files.map(Path::getFileName).map(Path::toString).filter(n -> n.endsWith("sock")))
          .isEmpty();
    }
  }

  private SocketAddress any(String kind) {
    return kind.equals("tcp")
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)
        : UnixDomainSocketAddress.of(folder.resolve("sock"));
  }

  private ConnectionListener listen(String kind) throws IOException {
    return ConnectionListener.listen(any(kind), KEY);
  }

  /** Does something in a thread of its own. */
  private static <T> FutureTask<T> begin(Callable<T> task) {
    FutureTask<T> begun = new FutureTask<>(task);
    Thread thread = new Thread(begun, "test-client");
    thread.setDaemon(true);
    thread.start();
    return begun;
  }

  private static <T> T value(FutureTask<T> begun) throws Exception {
    return begun.get(LONG.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static Throwable failure(FutureTask<?> begun) throws Exception {
    try {
      throw new AssertionError("has the value " + value(begun));
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }

  /** The listener is of use to somebody who knows the key. */
  private static void assertWorks(ConnectionListener listener) throws Exception {
    try (Connection client = ConnectionListener.connect(listener.address(), KEY, LONG);
        Connection server = listener.accept(LONG)) {
      client.send("ping");
      assertThat(server.recv(LONG)).isEqualTo("ping");
      server.send("pong");
      assertThat(client.recv(LONG)).isEqualTo("pong");
    }
  }

  // Keys.

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void connect_sameKey_works(String kind) throws Exception {
    try (ConnectionListener listener = listen(kind)) {
      assertWorks(listener);
      assertWorks(listener);
      assertThat(listener.refused()).isZero();
      assertThat(listener.toString()).contains(listener.address().toString());
    }
  }

  /** A key is a secret of any length from 16 bytes on. */
  @ParameterizedTest
  @ValueSource(ints = {16, 64, 65, 10_000})
  void connect_keyOfAnyLength_works(int bytes) throws Exception {
    byte[] key = RawClient.random(bytes);
    try (ConnectionListener listener = ConnectionListener.listen(any("unix"), key)) {
      SocketAddress address = listener.address();
      ConnectionListener.connect(address, key).close();
      listener.accept(LONG).close();
      key[bytes - 1]++;
      assertThatThrownBy(() -> ConnectionListener.connect(address, key))
          .isInstanceOf(WrongKeyException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void connect_otherKey_isToldAndCounted(String kind) throws Exception {
    try (ConnectionListener listener = listen(kind)) {
      for (int i = 1; i <= 3; i++) {
        assertThatThrownBy(() -> ConnectionListener.connect(listener.address(), OTHER_KEY))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining(listener.address().toString());
        assertThat(listener.refused()).isEqualTo(i);
      }
      assertThatThrownBy(() -> listener.accept(Duration.ZERO)).isInstanceOf(TimeoutException.class);
      assertWorks(listener);
    }
  }

  /** Who listens without the key and says that all is well is found out. */
  @Test
  void connect_listenerWithoutTheKey_isFoundOut() throws Exception {
    for (Verdict said : new Verdict[] {Verdict.ACCEPTED, Verdict.FULL}) {
      try (ServerSocketChannel fake = ServerSocketChannel.open().bind(any("tcp"))) {
        FutureTask<Boolean> lies = begin(() -> {
          try (SocketChannel client = fake.accept()) {
            byte[] greeting = ConnectionHandshake.greeting(RawClient.random(32));
            client.write(ByteBuffer.wrap(greeting));
            ByteBuffer proof = ByteBuffer.allocate(ConnectionHandshake.PROOF_BYTES);
            while (proof.hasRemaining() && client.read(proof) >= 0) {
              // Until all of it is there.
            }
            client.write(ByteBuffer.wrap(
                ConnectionHandshake.verdict(OTHER_KEY, greeting, proof.array(), said)));
            return true;
          }
        });
        assertThatThrownBy(() -> ConnectionListener.connect(fake.getLocalAddress(), KEY))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining("did not prove");
        value(lies);
      }
    }
  }

  /** What a client who knows the key once said is of no use to another. */
  @Test
  void handshake_replayed_isRefused() throws Exception {
    try (ConnectionListener listener = listen("tcp")) {
      byte[] overheard;
      try (RawClient client = new RawClient(listener.address())) {
        overheard = ConnectionHandshake.proof(KEY, client.greeting(), RawClient.random(32));
        client.send(overheard);
        client.receive(ConnectionHandshake.VERDICT_BYTES);
        listener.accept(LONG).close();
      }
      try (RawClient thief = new RawClient(listener.address())) {
        byte[] greeting = thief.greeting();
        byte[] verdict = thief.send(overheard).receive(ConnectionHandshake.VERDICT_BYTES);
        assertThat(ConnectionHandshake.readVerdict(KEY, greeting, overheard, verdict))
            .isEqualTo(Verdict.WRONG_KEY);
        thief.awaitEnd();
      }
      assertThat(listener.refused()).isEqualTo(1);
      assertWorks(listener);
    }
  }

  @Test
  void handshake_otherVersion_isTold() throws Exception {
    try (ConnectionListener listener = listen("tcp");
        RawClient client = new RawClient(listener.address())) {
      byte[] greeting = client.greeting();
      byte[] proof = ConnectionHandshake.proof(KEY, greeting, RawClient.random(32));
      proof[5]++;
      byte[] verdict = client.send(proof).receive(ConnectionHandshake.VERDICT_BYTES);
      assertThat(ConnectionHandshake.readVerdict(KEY, greeting, proof, verdict))
          .isEqualTo(Verdict.WRONG_VERSION);
      greeting[5]++;
      assertThatThrownBy(() -> ConnectionHandshake.checkGreeting(greeting))
          .hasMessageContaining("version 2")
          .hasMessageContaining("version 1");
    }
  }

  // Bad clients.

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 71, 72, 73, 100_000})
  void handshake_randomBytes_areRefused(int bytes) throws Exception {
    try (ConnectionListener listener = listen("unix")) {
      try (RawClient client = new RawClient(listener.address())) {
        try {
          client.send(RawClient.random(bytes));
        } catch (IOException closedAlready) {
          assertThat(bytes).isGreaterThan(72);
        }
        if (bytes >= 72) {
          client.awaitEnd();
        }
      }
      awaitLong("the client to be counted").until(() -> listener.refused() == 1);
      assertWorks(listener);
    }
  }

  /** 200 clients that say nothing, and some that stop in the middle, do not keep one waiting that knows the key. */
  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void handshake_silentClients_doNotKeepOthersWaiting(String kind) throws Exception {
    List<RawClient> silent = new ArrayList<>();
    try (ConnectionListener listener = listen(kind)) {
      for (int i = 0; i < 200; i++) {
        silent.add(new RawClient(listener.address()));
        if (i % 3 == 0) {
          silent.get(i).send(RawClient.random(i % 70));
        }
        if (i % 50 == 0) {
          assertWorks(listener);
        }
      }
      assertWorks(listener);
      assertThat(listener.refused()).isZero();
    }
    for (RawClient client : silent) {
      client.awaitEnd();
      client.close();
    }
  }

  /** There is a limit to those that are at it; the first of them make room. */
  @Test
  void handshake_tooManyAtOnce_theFirstGo() throws Exception {
    List<RawClient> silent = new ArrayList<>();
    try (ConnectionListener listener = listen("unix")) {
      for (int i = 0; i < 300; i++) {
        silent.add(new RawClient(listener.address()));
        silent.get(i).greeting();
      }
      awaitLong("the first to go").until(() -> listener.refused() == 300 - 256);
      silent.get(0).awaitEnd();
      silent.get(43).awaitEnd();
      assertWorks(listener);
    } finally {
      for (RawClient client : silent) {
        client.close();
      }
    }
  }

  /** What comes in the same breath as the handshake is the first message. */
  @Test
  void handshake_messageRightBehind_isReceived() throws Exception {
    try (ConnectionListener listener = listen("tcp");
        RawClient client =
            new RawClient(listener.address()).shakeHands(KEY, new byte[] {0, 0, 0, 1, 2, 77});
        Connection server = listener.accept(LONG)) {
      assertThat(server.recvBytes()).containsExactly(77);
      client.close();
      assertThatThrownBy(server::recv).isInstanceOf(EOFException.class);
    }
  }

  /** A length alone costs no memory: 30 of nearly 1 GiB each are announced. */
  @Test
  void recv_hugeLengthAndNothingBehind_allocatesNothing() throws Exception {
    List<RawClient> clients = new ArrayList<>();
    List<Connection> servers = new ArrayList<>();
    try (ConnectionListener listener = listen("unix")) {
      byte[] header =
          ByteBuffer.allocate(8).putInt(Pipe.MAX_MESSAGE_BYTES).put((byte) 2).array();
      for (int i = 0; i < 30; i++) {
        clients.add(new RawClient(listener.address()).shakeHands(KEY, header));
        servers.add(listener.accept(LONG));
      }
      for (Connection server : servers) {
        assertThat(server.poll(BRIEF.dividedBy(10))).isFalse();
        assertThatThrownBy(() -> server.recv(Duration.ZERO)).isInstanceOf(TimeoutException.class);
      }
      for (RawClient client : clients) {
        client.close();
      }
      for (Connection server : servers) {
        assertThatThrownBy(server::recv)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(EOFException.class)
            .hasMessageContaining("in the middle of a message")
            .hasMessageContaining("3 of " + Pipe.MAX_MESSAGE_BYTES + " bytes");
        assertThatThrownBy(server::recv).isInstanceOf(EOFException.class);
        server.close();
      }
    }
  }

  /** What is no message at all is said to be none, and not waited for. */
  @ParameterizedTest
  @ValueSource(strings = {"7fffffff02", "ffffffff01", "0000000103", "0000000100"})
  void recv_noMessage_isSaid(String header) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(5)
        .putInt(Integer.parseUnsignedInt(header.substring(0, 8), 16))
        .put(Byte.parseByte(header.substring(8), 16));
    try (ConnectionListener listener = listen("unix");
        RawClient client = new RawClient(listener.address()).shakeHands(KEY, bytes.array());
        Connection server = listener.accept(LONG)) {
      assertThat(server.poll(LONG)).isTrue();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(server::recv)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(EOFException.class)
            .hasMessageContaining("is no message");
      }
      assertThat(client).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 100})
  void recv_endInTheMiddle_isSaidOnceThenTheEnd(int bytes) throws Exception {
    byte[] whole = ByteBuffer.allocate(6).putInt(1).put((byte) 2).put((byte) 9).array();
    byte[] next = ByteBuffer.allocate(100).putInt(200).put((byte) 2).array();
    byte[] sent = ByteBuffer.allocate(6 + bytes).put(whole).put(next, 0, bytes).array();
    try (ConnectionListener listener = listen("tcp")) {
      new RawClient(listener.address()).shakeHands(KEY, sent).close();
      try (Connection server = listener.accept(LONG)) {
        assertThat(server.recvBytes()).containsExactly(9);
        assertThatThrownBy(server::recv)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(EOFException.class)
            .hasMessageContaining("in the middle of a message");
        assertThatThrownBy(server::recv).isInstanceOf(EOFException.class);
        assertThat(server.poll()).isTrue();
      }
    }
  }

  // Addresses.

  @Test
  void listen_portInUse_isRefusedNamingIt() throws Exception {
    try (ConnectionListener listener = listen("tcp")) {
      assertThatThrownBy(() -> ConnectionListener.listen(listener.address(), KEY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(listener.address().toString());
      assertWorks(listener);
    }
  }

  @Test
  void listen_pathInUse_isRefusedAndTheListenerGoesOn() throws Exception {
    try (ConnectionListener listener = listen("unix")) {
      assertThatThrownBy(() -> listen("unix"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(folder.resolve("sock").toString())
          .hasMessageContaining("listens there");
      assertWorks(listener);
    }
  }

  @Test
  void listen_fileThatIsNoSocket_isRefusedAndStays() throws Exception {
    Path file = Files.writeString(folder.resolve("data"), "precious");
    for (Path path : List.of(file, Files.createDirectory(folder.resolve("d")))) {
      assertThatThrownBy(() -> ConnectionListener.listen(UnixDomainSocketAddress.of(path), KEY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path.toString())
          .hasMessageContaining("is no socket");
    }
    Path link = Files.createSymbolicLink(folder.resolve("l"), Path.of("nowhere"));
    assertThatThrownBy(() -> ConnectionListener.listen(UnixDomainSocketAddress.of(link), KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no socket");
    assertThat(file).hasContent("precious");
  }

  /** The socket of a program that was killed is in nobody's way. */
  @Test
  void listen_socketOfNobody_isReplaced() throws Exception {
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(any("unix"));
    }
    assertThat(Files.exists(folder.resolve("sock"), LinkOption.NOFOLLOW_LINKS)).isTrue();
    try (ConnectionListener listener = listen("unix")) {
      assertWorks(listener);
    }
  }

  @Test
  void listen_unixSocket_isItsOwnersOnlyAndGoesWithTheListener() throws Exception {
    Path socket = folder.resolve("sock");
    ConnectionListener listener = listen("unix");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
        .isEqualTo("rw-------");
    listener.close();
    assertThat(socket).doesNotExist();
    listener.close();
  }

  /** A listener removes its own socket, not one that has taken its place. */
  @Test
  void close_socketOfAnotherInItsPlace_isLeft() throws Exception {
    Path socket = folder.resolve("sock");
    ConnectionListener first = listen("unix");
    Files.delete(socket);
    try (ConnectionListener second = listen("unix")) {
      first.close();
      assertThat(Files.exists(socket, LinkOption.NOFOLLOW_LINKS)).isTrue();
      assertWorks(second);
    }
  }

  @Test
  void listen_again_rightAfterClose_works() throws Exception {
    SocketAddress address = any("tcp");
    for (int i = 0; i < 20; i++) {
      try (ConnectionListener listener = ConnectionListener.listen(address, KEY)) {
        address = listener.address();
        assertWorks(listener);
      }
    }
  }

  @Test
  void listenAndConnect_badArguments_areRefused() {
    InetSocketAddress unknown = InetSocketAddress.createUnresolved("host.invalid", 1);
    SocketAddress other = new SocketAddress() {
      private static final long serialVersionUID = 1;
    };
    SocketAddress unix = any("unix");
    assertThatThrownBy(() -> ConnectionListener.listen(unix, new byte[15]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key: 15 bytes (expected: 16 or more)");
    assertThatThrownBy(() -> ConnectionListener.connect(unix, new byte[15]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key: 15 bytes (expected: 16 or more)");
    for (int backlog : new int[] {0, -1, 10_001}) {
      assertThatThrownBy(() -> ConnectionListener.listen(unix, KEY, backlog))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("backlog: " + backlog + " (expected: 1 to 10000)");
    }
    assertThatThrownBy(() -> ConnectionListener.connect(unix, KEY, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("timeout: PT0S (expected: more than zero)");
    for (SocketAddress bad : List.of(other, UnixDomainSocketAddress.of(""))) {
      assertThatThrownBy(() -> ConnectionListener.listen(bad, KEY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("address: ");
      assertThatThrownBy(() -> ConnectionListener.connect(bad, KEY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("address: ");
    }
    assertThatThrownBy(() -> ConnectionListener.listen(unknown, KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("host.invalid");
    assertThatThrownBy(() -> ConnectionListener.connect(unknown, KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("host.invalid");
    UnixDomainSocketAddress nowhere = UnixDomainSocketAddress.of(folder.resolve("no/such/sock"));
    assertThatThrownBy(() -> ConnectionListener.listen(nowhere, KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no/such/sock");
    UnixDomainSocketAddress tooLong = UnixDomainSocketAddress.of(folder.resolve("x".repeat(200)));
    assertThatThrownBy(() -> ConnectionListener.listen(tooLong, KEY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("xxx");
  }

  // Connecting.

  @Test
  void connect_nobodyListens_failsNamingTheAddress() throws Exception {
    SocketAddress free;
    try (ConnectionListener listener = listen("tcp")) {
      free = listener.address();
    }
    SocketAddress unix = any("unix");
    for (SocketAddress address : List.of(free, unix)) {
      assertThatThrownBy(() -> ConnectionListener.connect(address, KEY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(address.toString());
    }
  }

  /** A server that says nothing, one that does not even accept, and one that says something else. */
  @Test
  void connect_noListenerOfOurs_endsInTime() throws Exception {
    try (ServerSocketChannel tcp = ServerSocketChannel.open().bind(any("tcp"));
        ServerSocketChannel unix =
            ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(any("unix"), 1)) {
      for (int i = 0; i < 4; i++) { // with no room left in the end
        for (SocketAddress address : List.of(tcp.getLocalAddress(), unix.getLocalAddress())) {
          long start = System.nanoTime();
          assertThatThrownBy(() -> ConnectionListener.connect(address, KEY, BRIEF))
              .isInstanceOf(SocketTimeoutException.class)
              .hasMessageContaining(address.toString());
          assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(BRIEF.toNanos());
          FutureTask<Connection> connecting =
              new FutureTask<>(() -> ConnectionListener.connect(address, KEY, LONG));
          Thread thread = new Thread(connecting);
          thread.start();
          awaitLong("the client to wait").until(() -> isIn(thread, "Connecting"));
          thread.interrupt();
          assertThat(failure(connecting)).isInstanceOf(InterruptedException.class);
        }
      }
    } finally {
      Files.delete(folder.resolve("sock"));
    }
    try (ServerSocketChannel web = ServerSocketChannel.open().bind(any("tcp"))) {
      FutureTask<Boolean> answer = begin(() -> {
        try (SocketChannel client = web.accept()) {
          client.write(StandardCharsets.US_ASCII.encode(
              "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
          return true;
        }
      });
      assertThatThrownBy(() -> ConnectionListener.connect(web.getLocalAddress(), KEY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("does not speak");
      value(answer);
    }
  }

  private static boolean isIn(Thread thread, String classNamePart) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getClassName().contains(classNamePart)) {
        return true;
      }
    }
    return false;
  }

  // Accepting.

  /** As many as the backlog allows wait; those that come beyond are told, and cost those that wait nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void connect_beyondTheBacklog_isTold(String kind) throws Exception {
    try (ConnectionListener listener = ConnectionListener.listen(any(kind), KEY, 2)) {
      SocketAddress address = listener.address();
      try (Connection first = ConnectionListener.connect(address, KEY);
          Connection second = ConnectionListener.connect(address, KEY)) {
        for (int i = 0; i < 3; i++) {
          assertThatThrownBy(() -> ConnectionListener.connect(address, KEY))
              .isInstanceOf(IOException.class)
              .isNotInstanceOf(WrongKeyException.class)
              .hasMessageContaining(address.toString())
              .hasMessageContaining("backlog");
        }
        first.send("first");
        second.send("second");
        for (String expected : List.of("first", "second")) {
          try (Connection accepted = listener.accept(LONG)) {
            assertThat(accepted.recv()).isEqualTo(expected);
          }
        }
        assertWorks(listener);
        assertThat(listener.refused()).isZero();
      }
    }
  }

  @Test
  void accept_nobodyComes_endsAfterItsTime() throws Exception {
    try (ConnectionListener listener = listen("unix")) {
      long start = System.nanoTime();
      assertThatThrownBy(() -> listener.accept(BRIEF))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContaining(listener.address().toString());
      assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(BRIEF.toNanos());
      assertThatThrownBy(() -> listener.accept(Duration.ZERO)).isInstanceOf(TimeoutException.class);
      assertThatThrownBy(() -> listener.accept(Duration.ofSeconds(Long.MIN_VALUE)))
          .isInstanceOf(TimeoutException.class);
    }
  }

  @Test
  void accept_interrupted_leavesTheListenerAsItWas() throws Exception {
    try (ConnectionListener listener = listen("tcp")) {
      FutureTask<Connection> accepting = new FutureTask<>(listener::accept);
      Thread thread = new Thread(accepting);
      thread.start();
      awaitLong("the thread to wait").until(() -> isIn(thread, "SocketListener"));
      thread.interrupt();
      assertThat(failure(accepting)).isInstanceOf(InterruptedException.class);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> listener.accept(LONG)).isInstanceOf(InterruptedException.class);
      assertThat(Thread.interrupted()).isFalse();
      assertWorks(listener);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unix", "tcp"})
  void close_wakesAcceptersAndClosesWhoWaits_notWhoWasAccepted(String kind) throws Exception {
    ConnectionListener listener = listen(kind);
    SocketAddress address = listener.address();
    try (Connection client = ConnectionListener.connect(address, KEY);
        Connection server = listener.accept(LONG)) {
      List<FutureTask<Connection>> accepting =
          List.of(begin(listener::accept), begin(() -> listener.accept(LONG)));
      listener.close();
      listener.close();
      for (FutureTask<Connection> each : accepting) {
        assertThat(failure(each))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
      }
      assertThatThrownBy(listener::accept).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> ConnectionListener.connect(address, KEY))
          .isInstanceOf(IOException.class);
      client.send("still there");
      assertThat(server.recv(LONG)).isEqualTo("still there");
    }
    ConnectionListener another = listen(kind);
    try (Connection waiting = ConnectionListener.connect(another.address(), KEY)) {
      another.close();
      assertThatThrownBy(() -> waiting.recv(LONG)).isInstanceOf(EOFException.class);
    }
  }
}
