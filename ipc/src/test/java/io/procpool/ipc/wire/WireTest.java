// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.procpool.ipc.wire.generated.FromWorker.Builder;
import io.procpool.ipc.wire.generated.ManagerBatch;
import io.procpool.ipc.wire.generated.ManagerCall;
import io.procpool.ipc.wire.generated.ManagerCancel;
import io.procpool.ipc.wire.generated.ManagerEvent;
import io.procpool.ipc.wire.generated.ManagerHello;
import io.procpool.ipc.wire.generated.ManagerLend;
import io.procpool.ipc.wire.generated.ManagerRelease;
import io.procpool.ipc.wire.generated.ManagerReply;
import io.procpool.ipc.wire.generated.ManagerTakeBack;
import io.procpool.ipc.wire.generated.ManagerWelcome;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Our messages against the code that protoc generates from the schema: the same bytes, both ways. */
final class WireTest {
  private static final int ROUNDS = 2_000;
  private static final long SEED = 20261121;

  private final Random random = new Random(SEED);

  @Test
  void toWorker_anyValues_asGeneratedCode() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      boolean flag = random.nextBoolean();
      long limit = anyLong();
      byte[] chaos = new byte[random.nextInt(3)];
      random.nextBytes(chaos);
      same(
          new ToWorker.Welcome(flag, limit, i % 6, limit / 3, chaos, !flag),
          toWorker()
              .setWelcome(io.procpool.ipc.wire.generated.Welcome.newBuilder()
                  .setReportStarts(flag)
                  .setMaxHeapBytesAfterGc(limit)
                  .setLogLevel(i % 6)
                  .setLoader(limit / 3)
                  .setChaos(ByteString.copyFrom(chaos))
                  .setDebugger(!flag))
              .build());
      ToWorker.Run run = new ToWorker.Run(
          anyInt(),
          anyLong(),
          anyInt(),
          anyInt(),
          anyLong(),
          anyInt(),
          flag,
          anyInt(),
          !flag,
          anyLong(),
          flag,
          anyLong(),
          flag ? "" : "name \u00e4",
          anyInt(),
          !flag,
          anyLong());
      same(
          run,
          toWorker()
              .setRun(io.procpool.ipc.wire.generated.Run.newBuilder()
                  .setSeq(run.seq())
                  .setTaskId(run.taskId())
                  .setFirst(run.first())
                  .setCount(run.count())
                  .setFunctionId(run.functionId())
                  .setFunctionBytes(run.functionBytes())
                  .setKeepFunction(run.keepFunction())
                  .setKind(run.kind())
                  .setTimed(run.timed())
                  .setTimeoutNanos(run.timeoutNanos())
                  .setSoft(run.soft())
                  .setMaxHeapBytes(run.maxHeapBytes())
                  .setName(run.name())
                  .setEarlierAttempts(run.earlierAttempts())
                  .setWatched(run.watched())
                  .setLoader(run.loader()))
              .build());
      ToWorker.ShowStack show = new ToWorker.ShowStack(anyInt(), anyInt());
      same(
          show,
          toWorker()
              .setShowStack(io.procpool.ipc.wire.generated.ShowStack.newBuilder()
                  .setSeq(show.seq())
                  .setItem(show.item()))
              .build());
      int seq = anyInt();
      same(
          new ToWorker.Interrupt(seq),
          toWorker()
              .setInterrupt(
                  io.procpool.ipc.wire.generated.Interrupt.newBuilder().setSeq(seq))
              .build());
      long number = anyLong();
      same(
          new ToWorker.Ping(number),
          toWorker()
              .setPing(io.procpool.ipc.wire.generated.Ping.newBuilder().setNumber(number))
              .build());
    }
    same(
        new ToWorker.Record(1L << 60, 2, "profile", "/a b", "/ä.jfr"),
        toWorker()
            .setRecord(io.procpool.ipc.wire.generated.Record.newBuilder()
                .setNumber(1L << 60)
                .setRecording(2)
                .setSettings("profile")
                .setPlace("/a b")
                .setFile("/ä.jfr"))
            .build());
    same(
        new ToWorker.ShowThreads(),
        toWorker()
            .setShowThreads(io.procpool.ipc.wire.generated.ShowThreads.getDefaultInstance())
            .build());
    for (long loader : new long[] {0, 1, anyLong()}) {
      same(
          new ToWorker.Stop(loader),
          toWorker()
              .setStop(io.procpool.ipc.wire.generated.Stop.newBuilder().setLoader(loader))
              .build());
    }
  }

  @Test
  void classMessages_anyValues_asGeneratedCode() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      boolean flag = random.nextBoolean();
      ToWorker.Given given =
          new ToWorker.Given(anyLong(), anyInt() & 3, anyLong(), flag ? "" : "not h\u00e4re");
      same(
          given,
          toWorker()
              .setGiven(io.procpool.ipc.wire.generated.Given.newBuilder()
                  .setNumber(given.number())
                  .setOutcome(given.outcome())
                  .setDefiner(given.definer())
                  .setReason(given.reason()))
              .build());
      FromWorker.Wanted wanted =
          new FromWorker.Wanted(anyLong(), anyLong(), anyInt() & 1, "a.B\u00e4", flag);
      same(
          wanted,
          fromWorker()
              .setWanted(io.procpool.ipc.wire.generated.Wanted.newBuilder()
                  .setNumber(wanted.number())
                  .setLoader(wanted.loader())
                  .setKind(wanted.kind())
                  .setName(wanted.name())
                  .setLacking(wanted.lacking()))
              .build());
    }
  }

  @Test
  void logRecord_anyValues_asGeneratedCode() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      LogRecord.Frame frame =
          new LogRecord.Frame("a.B", "run", i % 2 == 0 ? "" : "B.java", anyInt());
      LogRecord record = new LogRecord(
          i % 6,
          anyLong(),
          anyLong(),
          "logger",
          "thread",
          i % 3 == 0 ? "" : "text \u00e4",
          List.of("one", "two"),
          Map.of("key", "value"),
          List.of(
              new LogRecord.Failure("outer", List.of(frame, frame)),
              new LogRecord.Failure("inner", List.of())));
      io.procpool.ipc.wire.generated.LogFrame line =
          io.procpool.ipc.wire.generated.LogFrame.newBuilder()
              .setClassName(frame.className())
              .setMethod(frame.method())
              .setFile(frame.file())
              .setLine(frame.line())
              .build();
      byte[] expected = io.procpool.ipc.wire.generated.LogRecord.newBuilder()
          .setLevel(record.level())
          .setTaskId(record.taskId())
          .setEpochMillis(record.epochMillis())
          .setLogger(record.logger())
          .setThread(record.thread())
          .setMessage(record.message())
          .addAllMarkers(record.markers())
          .putAllContext(record.context())
          .addFailures(io.procpool.ipc.wire.generated.LogFailure.newBuilder()
              .setText("outer")
              .addFrames(line)
              .addFrames(line))
          .addFailures(io.procpool.ipc.wire.generated.LogFailure.newBuilder().setText("inner"))
          .build()
          .toByteArray();
      assertThat(record.encode()).isEqualTo(expected);
      assertThat(LogRecord.read(expected)).isEqualTo(record);
    }
  }

  /** Long lists, too: the length of the message then takes more than one byte. */
  @Test
  void forget_anyNumberOfFunctions_asGeneratedCode() throws Exception {
    for (int count : new int[] {0, 1, 2, 13, 100, 5_000}) {
      long[] ids = random.longs(count).toArray();
      io.procpool.ipc.wire.generated.Forget.Builder forget =
          io.procpool.ipc.wire.generated.Forget.newBuilder();
      Arrays.stream(ids).forEach(forget::addFunctionIds);
      byte[] theirs = toWorker().setForget(forget).build().toByteArray();
      assertThat(bytes(new ToWorker.Forget(ids))).isEqualTo(theirs);
      assertThat(((ToWorker.Forget) ToWorker.read(theirs)).functionIds()).isEqualTo(ids);
    }
  }

  @Test
  void fromWorker_anyValues_asGeneratedCode() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      FromWorker.Results results = anyResults();
      same(results, fromWorker().setResults(generated(results)).build());
      int seq = anyInt();
      same(
          new FromWorker.Started(seq),
          fromWorker()
              .setStarted(io.procpool.ipc.wire.generated.Started.newBuilder().setSeq(seq))
              .build());
      long number = anyLong();
      same(
          new FromWorker.Pong(number),
          fromWorker()
              .setPong(io.procpool.ipc.wire.generated.Pong.newBuilder().setNumber(number))
              .build());
      same(
          new FromWorker.Recorded(number),
          fromWorker()
              .setRecorded(io.procpool.ipc.wire.generated.Recorded.newBuilder().setNumber(number))
              .build());
      same(
          new FromWorker.Debugger(i),
          fromWorker()
              .setDebugger(io.procpool.ipc.wire.generated.Debugger.newBuilder().setPort(i))
              .build());
      FromWorker.OverHeap overHeap = new FromWorker.OverHeap(anyInt(), anyInt(), anyLong());
      same(
          overHeap,
          fromWorker()
              .setOverHeap(io.procpool.ipc.wire.generated.OverHeap.newBuilder()
                  .setSeq(overHeap.seq())
                  .setItem(overHeap.item())
                  .setBytes(overHeap.bytes()))
              .build());
      FromWorker.Stack stack = new FromWorker.Stack(anyInt(), anyInt());
      same(
          stack,
          fromWorker()
              .setStack(io.procpool.ipc.wire.generated.Stack.newBuilder()
                  .setSeq(stack.seq())
                  .setItem(stack.item()))
              .build());
    }
    same(
        new FromWorker.Ready(),
        fromWorker()
            .setReady(io.procpool.ipc.wire.generated.Ready.getDefaultInstance())
            .build());
    same(
        new FromWorker.StartFailed(),
        fromWorker()
            .setStartFailed(io.procpool.ipc.wire.generated.StartFailed.getDefaultInstance())
            .build());
    same(
        new FromWorker.OutOfMemory(),
        fromWorker()
            .setOutOfMemory(io.procpool.ipc.wire.generated.OutOfMemory.getDefaultInstance())
            .build());
  }

  @Test
  void launch_anyValues_asGeneratedCode() throws Exception {
    byte[] key = new byte[32];
    random.nextBytes(key);
    String longPath = "/tmp/größer-𝄞/" + "x".repeat(300);
    Launch launch = new Launch(
        key,
        anyInt(),
        "worker-1",
        "/run/socket",
        longPath,
        "",
        "/dev/shm/m",
        "pool-7",
        anyLong(),
        "main",
        anyInt() & 0xff,
        anyLong(),
        true);
    byte[] theirs = io.procpool.ipc.wire.generated.Launch.newBuilder()
        .setKey(ByteString.copyFrom(key))
        .setWorker(launch.worker())
        .setWorkerName(launch.workerName())
        .setSocketPath(launch.socketPath())
        .setSegmentPath(launch.segmentPath())
        .setSessionPath(launch.sessionPath())
        .setMemoryPath(launch.memoryPath())
        .setPoolName(launch.poolName())
        .setParentPid(launch.parentPid())
        .setParentName(launch.parentName())
        .setDepth(launch.depth())
        .setMemoryBytes(launch.memoryBytes())
        .setSpare(launch.spare())
        .build()
        .toByteArray();
    assertThat(bytes(launch)).isEqualTo(theirs);
    Launch read = Launch.read(theirs);
    assertThat(read).usingRecursiveComparison().isEqualTo(launch);
  }

  @Test
  void childLaunch_anyValues_asGeneratedCode() throws Exception {
    ChildLaunch launch =
        new ChildLaunch("child-𝄞", true, anyLong(), "/dev/shm/m", anyLong(), "main", 3, anyLong());
    byte[] theirs = io.procpool.ipc.wire.generated.ChildLaunch.newBuilder()
        .setName(launch.name())
        .setDaemon(launch.daemon())
        .setGraceNanos(launch.graceNanos())
        .setMemoryPath(launch.memoryPath())
        .setParentPid(launch.parentPid())
        .setParentName(launch.parentName())
        .setDepth(launch.depth())
        .setMemoryBytes(launch.memoryBytes())
        .build()
        .toByteArray();
    assertThat(bytes(launch)).isEqualTo(theirs);
    assertThat(ChildLaunch.read(theirs)).isEqualTo(launch);
  }

  @Test
  void read_fieldsOfALaterVersion_skipped() throws Exception {
    FieldWriter out = new FieldWriter();
    int start = out.begin(6);
    out.uint(99, anyLong());
    out.uint(1, 7);
    out.string(98, "later");
    out.end(start);
    assertThat(FromWorker.read(out.array(), 0, out.length())).isEqualTo(new FromWorker.Pong(7));
  }

  @Test
  void read_unknownKind_refused() {
    FieldWriter out = new FieldWriter();
    out.end(out.begin(77));
    assertThatThrownBy(() -> ToWorker.read(out.toByteArray()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not known here");
  }

  /** Whatever is cut off or changed: an IOException or some message, never anything else. */
  @Test
  void read_brokenBytes_ioException() {
    byte[] whole = bytes(anyResults());
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> FromWorker.read(cut, 0, cut.length)).isInstanceOf(IOException.class);
    }
    for (int i = 0; i < 50 * ROUNDS; i++) {
      byte[] broken = new byte[random.nextInt(40)];
      random.nextBytes(broken);
      try {
        FromWorker.read(broken, 0, broken.length);
        ToWorker.read(broken);
        Launch.read(broken);
        ChildLaunch.read(broken);
      } catch (IOException expected) {
        assertThat(expected).hasMessageMatching("(?s).*(malformed|not known).*");
      }
    }
  }

  @Test
  void managers_anyValues_asGeneratedCode() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      ToManager.Hello hello = new ToManager.Hello(anyInt(), anyLong(), "client-𝄞");
      same(
          hello,
          toManager()
              .setHello(ManagerHello.newBuilder()
                  .setVersion(hello.version())
                  .setPid(hello.pid())
                  .setName(hello.name()))
              .build());
      ToManager.Call call = new ToManager.Call(
          anyLong(), anyLong(), "get(Object)", List.of(1L, anyLong() | 1), anyLong());
      same(
          call,
          toManager()
              .setCall(ManagerCall.newBuilder()
                  .setNumber(call.number())
                  .setObject(call.object())
                  .setOperation(call.operation())
                  .addAllObjects(call.objects())
                  .setTurn(call.turn()))
              .build());
      long number = anyLong();
      same(
          new ToManager.Cancel(number),
          toManager().setCancel(ManagerCancel.newBuilder().setNumber(number)).build());
      FromManager.Reply reply = new FromManager.Reply(anyLong(), anyInt(), List.of(anyLong() | 1));
      same(
          reply,
          io.procpool.ipc.wire.generated.FromManager.newBuilder()
              .setReply(ManagerReply.newBuilder()
                  .setNumber(reply.number())
                  .setOutcome(reply.outcome())
                  .addAllObjects(reply.objects()))
              .build());
      FromManager.Event event = new FromManager.Event(anyLong(), List.of(anyLong() | 1));
      same(
          event,
          io.procpool.ipc.wire.generated.FromManager.newBuilder()
              .setEvent(ManagerEvent.newBuilder()
                  .setSubscription(event.subscription())
                  .addAllObjects(event.objects()))
              .build());
    }
    same(
        new ToManager.Batch(),
        toManager().setBatch(ManagerBatch.getDefaultInstance()).build());
    ToManager.Release release = new ToManager.Release(anyLong(), anyInt());
    same(
        release,
        toManager()
            .setRelease(
                ManagerRelease.newBuilder().setObject(release.object()).setCount(release.count()))
            .build());
    ToManager.Lend lend = new ToManager.Lend(anyLong(), anyLong());
    same(
        lend,
        toManager()
            .setLend(ManagerLend.newBuilder().setObject(lend.object()).setTicket(lend.ticket()))
            .build());
    same(
        new ToManager.TakeBack(lend.ticket()),
        toManager()
            .setTakeBack(ManagerTakeBack.newBuilder().setTicket(lend.ticket()))
            .build());
    FromManager.Welcome welcome = new FromManager.Welcome(1, "0123456789abcdef");
    same(
        welcome,
        io.procpool.ipc.wire.generated.FromManager.newBuilder()
            .setWelcome(ManagerWelcome.newBuilder().setVersion(1).setServer(welcome.server()))
            .build());
    assertThatThrownBy(() -> ToManager.read(new FieldReader(new byte[0], 0, 0)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> FromManager.read(new FieldReader(new byte[0], 0, 0)))
        .isInstanceOf(IOException.class);
  }

  private static io.procpool.ipc.wire.generated.ToManager.Builder toManager() {
    return io.procpool.ipc.wire.generated.ToManager.newBuilder();
  }

  private static void same(ToManager ours, MessageLite theirs) throws IOException {
    byte[] bytes = theirs.toByteArray();
    assertThat(bytes(ours)).as("%s", ours).isEqualTo(bytes);
    assertThat(ToManager.read(new FieldReader(bytes, 0, bytes.length))).isEqualTo(ours);
  }

  private static void same(FromManager ours, MessageLite theirs) throws IOException {
    byte[] bytes = theirs.toByteArray();
    assertThat(bytes(ours)).as("%s", ours).isEqualTo(bytes);
    assertThat(FromManager.read(new FieldReader(bytes, 0, bytes.length))).isEqualTo(ours);
  }

  private static void same(ToWorker ours, MessageLite theirs) throws IOException {
    assertThat(bytes(ours)).as("%s", ours).isEqualTo(theirs.toByteArray());
    assertThat(ToWorker.read(theirs.toByteArray())).usingRecursiveComparison().isEqualTo(ours);
  }

  private static void same(FromWorker ours, MessageLite theirs) throws IOException {
    byte[] bytes = theirs.toByteArray();
    assertThat(bytes(ours)).as("%s", ours).isEqualTo(bytes);
    byte[] inside = new byte[bytes.length + 5];
    System.arraycopy(bytes, 0, inside, 2, bytes.length);
    assertThat(FromWorker.read(inside, 2, 2 + bytes.length)).isEqualTo(ours);
  }

  private static byte[] bytes(WireMessage message) {
    FieldWriter out = new FieldWriter();
    message.writeTo(out);
    return out.toByteArray();
  }

  private static io.procpool.ipc.wire.generated.ToWorker.Builder toWorker() {
    return io.procpool.ipc.wire.generated.ToWorker.newBuilder();
  }

  private static Builder fromWorker() {
    return io.procpool.ipc.wire.generated.FromWorker.newBuilder();
  }

  private FromWorker.Results anyResults() {
    return new FromWorker.Results(
        anyInt(),
        anyInt(),
        anyInt(),
        random.nextBoolean(),
        anyLong(),
        anyInt(),
        random.nextBoolean());
  }

  private static io.procpool.ipc.wire.generated.Results generated(FromWorker.Results results) {
    return io.procpool.ipc.wire.generated.Results.newBuilder()
        .setSeq(results.seq())
        .setFirst(results.first())
        .setCount(results.count())
        .setLast(results.last())
        .setRunNanos(results.runNanos())
        .setFailed(results.failed())
        .setOverdue(results.overdue())
        .build();
  }

  private int anyInt() {
    return random.nextInt() >>> (1 + random.nextInt(31));
  }

  private long anyLong() {
    return random.nextLong() >>> random.nextInt(64);
  }
}
