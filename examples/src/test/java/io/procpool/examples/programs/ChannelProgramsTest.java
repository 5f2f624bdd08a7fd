// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildProcess;
import io.procpool.PoolOptions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The programs about queues and pipes. */
@Timeout(120)
class ChannelProgramsTest extends ProgramTestBase {
  private static final int TERMINATE = 15;

  @AfterEach
  void noChildren() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
  }

  @Test
  void p04_queueFromChild_equalValue() throws Exception {
    QueueFromChild.Seen seen = QueueFromChild.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.value()).isEqualTo(Arrays.asList(42, null, "hello"));
    assertThat(seen.exitCode()).isZero();
    assertThat(lines()).containsExactly("[42, null, hello]");
  }

  /** Run as users run it, because the child prints to the standard output of its JVM. */
  @Test
  void p05_queueToChild_childPrintsIt() throws Exception {
    assertThat(launch(0, "P05").out()).containsExactly("123", "left in the queue: 0");
  }

  @Test
  void p06_pipeFromChild_equalValueAndEndOfFile() throws Exception {
    PipeFromChild.Seen seen = PipeFromChild.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.value()).isEqualTo(Arrays.asList(42, null, "hello"));
    assertThat(seen.end()).isNotNull();
    assertThat(lines()).containsExactly("[42, null, hello]", "end of file");
  }

  @Test
  void p07_pipeBothWays_bothLines() throws Exception {
    assertThat(launch(0, "P07").out()).containsExactly("from father", "from son");
  }

  @Test
  void p08_writerAndReader_readInOrderAndTerminated() throws Exception {
    WriterAndReader.Seen seen = WriterAndReader.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.read()).containsExactly("A", "B", "C");
    assertThat(seen.writerExitCode()).isZero();
    assertThat(seen.readerSignal()).isEqualTo(TERMINATE);
    assertThat(seen.readerIsAlive()).isFalse();
  }

  @Test
  void q01_fullAndEmpty_asDocumented() throws Exception {
    FullAndEmpty.Seen seen = FullAndEmpty.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.sizes()).containsExactly(0, 1, 2, 1, 0);
    assertThat(seen.emptyAtFirst()).isTrue();
    assertThat(seen.fullAfterTwo()).isTrue();
    assertThat(seen.putThird()).isFalse();
    assertThat(seen.putThirdInTime()).isFalse();
    assertThat(seen.addThird()).hasMessageContaining("full");
    assertThat(seen.taken()).containsExactly("first", "second");
    assertThat(seen.takenThird()).isNull();
    assertThat(seen.takenThirdInTime()).isNull();
    assertThat(seen.removeThird()).isNotNull();
  }

  @OnEachBackend
  void q03_producerWaits_goesOnAfterTheTenth(String backend) throws Exception {
    ProducerWaits.Seen seen = ProducerWaits.run(settings(backend));

    assertThat(seen.doneAtOnce()).isFalse();
    assertThat(seen.doneWhenItWentOn()).isEqualTo(10);
    assertThat(seen.consumed()).isEqualTo(IntStream.range(0, 10).boxed().toList());
  }

  @OnEachBackend
  void q04_randomSpeeds_nothingLostOrDoubled(String backend) throws Exception {
    List<Integer> consumed = RandomSpeeds.run(settings(backend));

    assertThat(consumed).isEqualTo(IntStream.range(0, 20).boxed().toList());
  }
}
