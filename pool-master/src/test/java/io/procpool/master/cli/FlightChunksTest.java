// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Of the chunks that a killed recorder leaves, what is whole is put together. */
final class FlightChunksTest {
  @TempDir
  Path folder;

  /** Makes a file that begins like a chunk, and says of itself how long it is and in which state. */
  private Path chunk(String name, int bytes, long saysBytes, int state) throws IOException {
    return chunk(name, bytes, saysBytes, state, 70);
  }

  private Path chunk(String name, int bytes, long saysBytes, int state, int metadata)
      throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(bytes);
    chunk.putInt(0, 0x464c5200).putLong(8, saysBytes).putLong(24, metadata).put(64, (byte) state);
    chunk.put(bytes - 1, (byte) 7);
    return Files.write(folder.resolve(name), chunk.array());
  }

  @Test
  void assemble_chunksOfAllKinds_takesWhatIsWhole() throws IOException {
    Path file = folder.resolve("whole");
    List<Path> chunks = List.of(
        chunk("finished", 100, 100, 0),
        chunk("never written", 100, 0, 1),
        chunk("torn", 100, 101, 0),
        chunk("never flushed", 100, 100, 1, 0),
        Files.writeString(folder.resolve("empty"), ""),
        Files.writeString(folder.resolve("other"), "x".repeat(200)),
        chunk("open", 120, 80, 3));
    assertThat(FlightChunks.assemble(chunks, file)).isTrue();
    assertThat(file).hasSize(180);
    assertThat(Files.readAllBytes(file)[99]).isEqualTo((byte) 7);
    assertThat(FlightChunks.isWhole(file)).isTrue();
  }

  @Test
  void assemble_nothingWhole_leavesNoFile() throws IOException {
    Path file = folder.resolve("whole");
    assertThat(FlightChunks.assemble(List.of(chunk("torn", 100, 101, 0)), file)).isFalse();
    assertThat(FlightChunks.assemble(List.of(), file)).isFalse();
    assertThat(file).doesNotExist();
  }

  @Test
  void isWhole_whatIsNot_isTold() throws IOException {
    assertThat(FlightChunks.isWhole(chunk("a", 100, 100, 0))).isTrue();
    assertThat(FlightChunks.isWhole(chunk("b", 100, 100, 1))).isFalse();
    assertThat(FlightChunks.isWhole(chunk("c", 100, 90, 0))).isFalse();
    assertThat(FlightChunks.isWhole(chunk("d", 100, 110, 0))).isFalse();
    assertThat(FlightChunks.isWhole(Files.createFile(folder.resolve("e")))).isFalse();
  }

  /** The recorder of a JVM that is about to end truncates its chunk: the copy fails, and does not wait for the rest. */
  @Test
  @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void copy_chunkBecomesShorter_fails() throws IOException {
    Path whole = chunk("shorter", 100, 100, 0);
    try (FileChannel from = FileChannel.open(whole);
        FileChannel to = FileChannel.open(
            folder.resolve("copy"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> FlightChunks.copy(from, 101, to))
          .isInstanceOf(IOException.class)
          .hasMessage("a chunk has become shorter while it was copied");
    }
  }
}
