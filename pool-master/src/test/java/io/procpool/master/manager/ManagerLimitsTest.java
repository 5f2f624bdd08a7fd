// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.procpool.LongForm;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.ipc.wire.ToManager;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What a server does not let its clients do, and that others notice nothing of it. */
@Timeout(120)
class ManagerLimitsTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final Logger LOG = (Logger) LoggerFactory.getLogger(GuestLog.class);

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    log.list = new CopyOnWriteArrayList<>();
    log.start();
    LOG.addAppender(log);
  }

  @AfterEach
  void listenNoMore() {
    LOG.detachAppender(log);
  }

  private List<String> lines() {
    return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  private static Manager start(boolean tls) {
    return Manager.start(ManagerOptions.builder()
        .hosted(true)
        .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .key(KEY)
        .tls(tls)
        .build());
  }

  private static RawPeer guest(SocketAddress address, String manner) throws Exception {
    RawPeer guest = RawPeer.plain(address);
    switch (manner) {
      case "silent" -> {}
      case "half" -> guest.write(new byte[] {0x50, 0x50, 0x43, 0x31, 0, 1, 0, 0, 1, 2, 3});
      case "hello of TLS" -> guest.write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3});
      case "random" -> {
        byte[] random = new byte[100];
        new Random(1).nextBytes(random);
        guest.write(random);
      }
      default -> throw new IllegalArgumentException(manner);
    }
    return guest;
  }

  // Who does not shake hands.

  /** A thousand at the same time, and a good client that gets the same results as alone. */
  @ParameterizedTest
  @CsvSource("random,false")
  void guests_thousand_costNobodyElseAnything(String manner, boolean tls) throws Exception {
    guests(manner, tls);
  }

  @ParameterizedTest
  @Tag("stress")
  @CsvSource({"silent,false", "half,false", "silent,true", "hello of TLS,true"})
  void guests_thousandOfOtherKinds_costNobodyElseAnything(String manner, boolean tls)
      throws Exception {
    guests(manner, tls);
  }

  private void guests(String manner, boolean tls) throws Exception {
    List<RawPeer> guests = new ArrayList<>();
    try (Manager manager = start(tls)) {
      ManagedList<Integer> list = manager.list();
      ManagedMap<String, Integer> map = manager.map();
      for (int i = 0; i < 1000; i++) {
        guests.add(guest(manager.address(), manner));
        list.add(i);
        map.merge("count", 1, (a, b) -> a + b);
      }
      assertThat(list).hasSize(1000).endsWith(998, 999);
      assertThat(map).containsEntry("count", 1000);
      try (RawPeer another =
          tls ? RawPeer.tls(manager.address()) : RawPeer.plain(manager.address())) {
        another.join(KEY);
      }
      for (RawPeer guest : guests) {
        guest.awaitEnd(); // after 10 s at the latest
      }
      map.merge("count", 1, (a, b) -> a + b);
      assertThat(map).containsEntry("count", 1001);
    } finally {
      for (RawPeer guest : guests) {
        guest.close();
      }
    }
    assertThat(lines()).hasSizeLessThanOrEqualTo(GuestLog.LINES);
  }

  /** Beyond the limit the one that came first goes; who came last is let in if he has the key. */
  @Test
  void guests_moreThanTheLimit_firstGoes() throws Exception {
    Deque<RawPeer> guests = new ArrayDeque<>();
    try (Manager manager = start(false)) {
      long start = System.nanoTime();
      for (int i = 0; i < HalfOpen.MOST + 100; i++) {
        RawPeer guest = guest(manager.address(), "silent");
        guest.greeting(); // the server knows it
        guests.add(guest);
      }
      for (int i = 0; i < 100; i++) {
        guests.remove().awaitEnd();
      }
      guests.getLast().write(new byte[1]);
      boolean early = System.nanoTime() - start < TimeUnit.SECONDS.toNanos(9);
      try (RawPeer good = RawPeer.plain(manager.address())) {
        good.join(KEY);
      }
      assertThat(lines().stream().filter(line -> line.contains("have not proved to know the key")))
          .as("in time: %s", early)
          .isNotEmpty();
    } finally {
      for (RawPeer guest : guests) {
        guest.close();
      }
    }
    assertThat(lines()).hasSize(GuestLog.LINES);
  }

  /** One byte now and then does not help: there is a time for all of it. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, ConnectionHandshake.PROOF_BYTES - 1})
  void handshake_notAllInTime_isClosed(int bytes) throws Exception {
    HalfOpen halfOpen = new HalfOpen(new GuestLog("test", System::nanoTime));
    From guest = new From("192.0.2.1", 1);
    guest.freezeTime();
    guest
        .pipeline()
        .addLast(new ManagerHandshake(
            KEY,
            Handshake.newNonce(),
            halfOpen,
            new GuestLog("test", System::nanoTime),
            context -> {}));
    guest.pipeline().fireChannelActive();
    guest.advanceTimeBy(9, TimeUnit.SECONDS);
    for (int i = 0; i < bytes; i++) {
      guest.writeInbound(Unpooled.wrappedBuffer(new byte[1]));
    }
    guest.runPendingTasks();
    assertThat(guest.isOpen()).isTrue();
    guest.advanceTimeBy(1, TimeUnit.SECONDS);
    guest.runScheduledPendingTasks();
    assertThat(guest.isOpen()).isFalse();
  }

  @Test
  @Tag("stress")
  void handshake_byteByByte_hasOneLimit() throws Exception {
    slowHandshake(false);
  }

  @Test
  @Tag("stress")
  void handshake_byteByByteWithTls_hasOneLimit() throws Exception {
    slowHandshake(true);
  }

  private void slowHandshake(boolean tls) throws Exception {
    try (Manager manager = start(tls);
        RawPeer slow = tls ? RawPeer.tls(manager.address()) : RawPeer.plain(manager.address())) {
      slow.greeting();
      long start = System.nanoTime();
      AtomicLong sent = new AtomicLong();
      Faults.awaitLong("the server to close").until(() -> {
        try {
          slow.write(new byte[] {0x50});
          sent.incrementAndGet();
          TimeUnit.MILLISECONDS.sleep(200); // the pace of the guest
          return false;
        } catch (IOException closed) {
          return true;
        }
      });
      assertThat(sent.get()).isBetween(5L, 71L);
      assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.SECONDS.toNanos(5));
    }
  }

  private static final class From extends EmbeddedChannel {
    private final InetSocketAddress address;

    From(String host, int port) throws IOException {
      this.address = new InetSocketAddress(InetAddress.getByName(host), port);
    }

    @Override
    protected SocketAddress remoteAddress0() {
      return address;
    }
  }

  /** One host alone closes its own connections only; on the loopback interface, where all are the same, there is no such limit. */
  @Test
  void halfOpen_manyOfOneAddress_closesItsFirst() throws Exception {
    HalfOpen halfOpen = new HalfOpen(new GuestLog("test", System::nanoTime));
    From other = new From("192.0.2.7", 1);
    halfOpen.add(other);
    List<From> many = new ArrayList<>();
    for (int i = 0; i < HalfOpen.MOST_OF_ADDRESS + 5; i++) {
      many.add(new From("192.0.2.1", 1000 + i));
      halfOpen.add(many.get(i));
    }
    assertThat(other.isOpen()).isTrue();
    for (int i = 0; i < many.size(); i++) {
      assertThat(many.get(i).isOpen()).isEqualTo(i >= 5);
    }
    many.forEach(halfOpen::remove);
    List<From> local = new ArrayList<>();
    for (int i = 0; i < HalfOpen.MOST; i++) {
      local.add(new From("127.0.0.1", 1000 + i));
      halfOpen.add(local.get(i));
      assertThat(local.get(0).isOpen()).isTrue();
      assertThat(other.isOpen()).isEqualTo(i < HalfOpen.MOST - 1);
    }
  }

  // Who does not read.

  private static int number(PayloadReader reply) throws Exception {
    return (int) ((FromManager.Reply) FromManager.read(ManagerWire.header(reply))).number();
  }

  private static byte[] call(long number, long object, String operation, Object... arguments)
      throws Exception {
    return RawPeer.message(new ToManager.Call(number, object, operation, List.of(), 0), arguments);
  }

  /** Many calls in one go, whose replies are large: they wait until the client reads, and then all are answered, in order. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void calls_repliesNotRead_waitAndAreAnswered(boolean batch) throws Exception {
    repliesNotRead(false, batch);
  }

  @Test
  @Tag("stress")
  void calls_repliesNotReadWithTls_waitAndAreAnswered() throws Exception {
    repliesNotRead(true, false);
  }

  private void repliesNotRead(boolean tls, boolean batch) throws Exception {
    int calls = LongForm.choose(9000, 3000);
    try (Manager manager = start(tls);
        RawPeer guest = tls ? RawPeer.tls(manager.address()) : RawPeer.plain(manager.address())) {
      ManagedList<String> list = manager.list("large");
      list.add("x".repeat(200_000));
      guest.join(KEY);
      long object = guest.open("list", "large");
      List<byte[]> all = new ArrayList<>();
      for (int i = 0; i < calls; i++) {
        all.add(call(i + 2, object, "get(int)", 0)); // replies of 200 kB each
      }
      guest.write(batch ? RawPeer.batch(all) : RawPeer.joined(all));
      list.add("y"); // the server has not run out of memory, and goes on
      assertThat(list.get(1)).isEqualTo("y");
      for (int i = 0; i < calls; i++) {
        PayloadReader reply = guest.receive();
        assertThat(number(reply)).isEqualTo(i + 2);
        if (i % 1000 == 0) {
          assertThat((String) ValueCodec.read(reply, getClass().getClassLoader()))
              .hasSize(200_000);
        }
      }
    }
    assertThat(lines()).isEmpty();
  }

  /** A client that has calls waiting, and takes no reply, is closed at a limit, and the reason is logged; others go on. */
  @Test
  void replies_neverRead_clientIsClosed() throws Exception {
    try (Manager manager = start(false);
        RawPeer guest = RawPeer.plain(manager.address())) {
      ManagedQueue<byte[]> queue = manager.queue("queue", 10);
      guest.join(KEY);
      long object = guest.open("queue", "queue", 10);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < 2000; i++) {
        all.writeBytes(call(i + 2, object, "take()"));
      }
      guest.write(all.toByteArray());
      byte[] element = new byte[1 << 20];
      int put = 0;
      while (lines().isEmpty()) { // what the guest has asked for it gets, and does not read
        assertThat(put++).as("elements").isLessThan(600);
        if (put > 100) {
          TimeUnit.MILLISECONDS.sleep(50); // the pace of the good client
        }
        queue.offer(element, 10, TimeUnit.SECONDS);
      }
      assertThat(put).isGreaterThan(60);
      assertThat(lines().get(0))
          .contains("guest (pid 1)")
          .contains("it does not take its replies, of which")
          .contains("MiB wait");
      queue.clear();
      queue.put(new byte[1]);
      assertThat(queue.take()).hasSize(1);
    }
  }

  /** So is one that listens and does not read what it is told, and others go on. */
  @Test
  void changes_neverRead_clientIsClosed() throws Exception {
    try (Manager manager = start(false);
        RawPeer guest = RawPeer.plain(manager.address())) {
      ManagedValue<byte[]> value = manager.value("value", new byte[1]);
      guest.join(KEY);
      long object = guest.open("value", "value");
      guest.send(call(2, object, "listen(long,boolean)", 7L, false));
      assertThat(number(guest.receive())).isEqualTo(2);
      int set = 0;
      while (lines().isEmpty()) {
        byte[] large = new byte[1 << 20];
        large[0] = (byte) ++set;
        assertThat(set).as("changes").isLessThan(600);
        if (set > 40) {
          TimeUnit.MILLISECONDS.sleep(50); // the pace of the good client
        }
        value.set(large);
      }
      assertThat(set).isGreaterThan(30); // each is told with what was there before
      assertThat(lines().get(0))
          .contains("guest (pid 1)")
          .contains("it does not take its replies, of which")
          .contains("MiB wait");
      guest.awaitEnd();
      value.set(new byte[2]);
      assertThat(value.get()).hasSize(2);
    }
  }

  /** Calls that wait have a limit, which is an answer and not an end. */
  @Test
  void calls_tooMany_areRefused() throws Exception {
    try (Manager manager = start(false);
        RawPeer guest = RawPeer.plain(manager.address())) {
      guest.join(KEY);
      long object = guest.open("queue", "empty", 10);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i <= 10_000; i++) {
        all.writeBytes(call(i + 2, object, "take()"));
      }
      guest.write(all.toByteArray());
      PayloadReader reply = guest.receive();
      assertThat(number(reply)).isEqualTo(10_002);
      assertThat((String) ValueCodec.read(reply, getClass().getClassLoader()))
          .contains("10000 calls of this process are waiting");
      manager.<String>queue("empty", 10).put("for the first");
      assertThat(number(guest.receive())).isEqualTo(2);
    }
  }

  // The log.

  @Test
  void log_badGuests_isNotFlooded() {
    AtomicLong now = new AtomicLong();
    GuestLog guests = new GuestLog("test", now::get);
    for (int i = 0; i < 1000; i++) {
      guests.warn("something");
    }
    assertThat(lines()).hasSize(GuestLog.LINES);
    assertThat(lines().get(GuestLog.LINES - 1)).contains("more within this minute");
    now.addAndGet(GuestLog.WINDOW_NANOS);
    guests.warn("later");
    assertThat(lines()).hasSize(GuestLog.LINES + 2);
    assertThat(lines().get(GuestLog.LINES)).contains("995 more like these were not logged");
    assertThat(lines().get(GuestLog.LINES + 1)).isEqualTo("manager test: later");
  }

  /** Clients that do not know the key, one after the other, fill a few lines. */
  @Test
  void refusals_many_areCounted() throws Exception {
    try (Manager manager = start(false)) {
      for (int i = 0; i < 50; i++) {
        try (RawPeer guest = RawPeer.plain(manager.address())) {
          guest.greeting();
          guest.write(new byte[] {0x50, 0x50, 0x43, 0x31, 0, 1, 0, 0});
          guest.write(new byte[64]);
          guest.awaitEnd();
        }
      }
    }
    assertThat(lines()).hasSize(GuestLog.LINES).allMatch(line -> line.contains("WRONG_KEY"));
  }
}
