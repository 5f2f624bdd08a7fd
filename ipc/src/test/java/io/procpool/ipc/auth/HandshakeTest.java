// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.procpool.ipc.auth.HandshakeException.Reason;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class HandshakeTest {
  private final byte[] key = Handshake.newKey();
  private final byte[] hello = Handshake.hello(7, 1L << 40, Handshake.newNonce());
  private final byte[] challenge = Handshake.challenge(key, hello, Handshake.newNonce());
  private final byte[] proof = Handshake.proof(key, hello, challenge);

  /** Two sides with the same key accept each other, and the master learns who the worker is. */
  @Test
  void handshake_sameKey_succeeds() throws Exception {
    assertThat(Handshake.readHello(hello)).isEqualTo(new Handshake.Hello(7, 1L << 40));
    Handshake.verifyChallenge(key, hello, challenge);
    Handshake.verifyProof(key, hello, challenge, proof);

    assertThat(hello).hasSize(Handshake.HELLO_BYTES);
    assertThat(challenge).hasSize(Handshake.CHALLENGE_BYTES);
    assertThat(proof).hasSize(Handshake.PROOF_BYTES);
  }

  /** Each side refuses another key. */
  @Test
  void verify_wrongKey_failsWithKey() {
    byte[] other = Handshake.newKey();
    assertFails(Reason.KEY, () -> Handshake.verifyChallenge(other, hello, challenge));
    assertFails(Reason.KEY, () -> Handshake.verifyProof(other, hello, challenge, proof));
  }

  /** What was valid for one nonce is not for another: a recorded handshake cannot be replayed to either side. */
  @Test
  void verify_replayToOtherNonce_failsWithKey() {
    byte[] nextHello = Handshake.hello(7, 1L << 40, Handshake.newNonce());
    byte[] nextChallenge = Handshake.challenge(key, hello, Handshake.newNonce());
    assertFails(Reason.KEY, () -> Handshake.verifyChallenge(key, nextHello, challenge));
    assertFails(Reason.KEY, () -> Handshake.verifyProof(key, hello, nextChallenge, proof));
  }

  /** The master's own proof, sent back to it, is no proof of the worker. */
  @Test
  void verifyProof_reflectedChallenge_failsWithKey() {
    byte[] reflected = Arrays.copyOfRange(
        challenge, Handshake.CHALLENGE_BYTES - Handshake.PROOF_BYTES, Handshake.CHALLENGE_BYTES);
    assertFails(Reason.KEY, () -> Handshake.verifyProof(key, hello, challenge, reflected));
  }

  /** Every single changed bit of any message is noticed by someone. */
  @Test
  void handshake_anyBitChanged_fails() {
    for (int bit = 0; bit < 8 * Handshake.HELLO_BYTES; bit++) {
      byte[] changed = flipped(hello, bit);
      assertFails(null, () -> Handshake.verifyChallenge(key, changed, challenge));
      assertFails(null, () -> Handshake.verifyProof(key, changed, challenge, proof));
    }
    for (int bit = 0; bit < 8 * Handshake.CHALLENGE_BYTES; bit++) {
      byte[] changed = flipped(challenge, bit);
      assertFails(null, () -> Handshake.verifyChallenge(key, hello, changed));
      assertFails(null, () -> Handshake.verifyProof(key, hello, changed, proof));
    }
    for (int bit = 0; bit < 8 * Handshake.PROOF_BYTES; bit++) {
      byte[] changed = flipped(proof, bit);
      assertFails(Reason.KEY, () -> Handshake.verifyProof(key, hello, challenge, changed));
    }
  }

  /** A message that is cut anywhere is refused, never read past its end. */
  @Test
  void verify_truncated_fails() {
    for (int length = 0; length < hello.length; length++) {
      byte[] cut = Arrays.copyOf(hello, length);
      assertFails(Reason.FORMAT, () -> Handshake.readHello(cut));
    }
    for (int length = 0; length < challenge.length; length++) {
      byte[] cut = Arrays.copyOf(challenge, length);
      assertFails(Reason.FORMAT, () -> Handshake.verifyChallenge(key, hello, cut));
    }
    for (int length = 0; length < proof.length; length++) {
      byte[] cut = Arrays.copyOf(proof, length);
      assertFails(Reason.KEY, () -> Handshake.verifyProof(key, hello, challenge, cut));
    }
  }

  /** Another version is refused by either side, naming both versions. */
  @Test
  void verify_otherVersion_namesBothVersions() {
    byte[] newer = hello.clone();
    newer[5] = 9;
    assertThatExceptionOfType(HandshakeException.class)
        .isThrownBy(() -> Handshake.readHello(newer))
        .withMessageContaining("worker speaks protocol version 9, this side version 1")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.VERSION));

    byte[] newerChallenge = challenge.clone();
    newerChallenge[5] = 9;
    assertThatExceptionOfType(HandshakeException.class)
        .isThrownBy(() -> Handshake.verifyChallenge(key, hello, newerChallenge))
        .withMessageContaining("master speaks protocol version 9, this side version 1")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.VERSION));
  }

  /** Flags that this version does not know are refused rather than ignored. */
  @Test
  void readHello_unknownFlags_failsWithFormat() {
    byte[] flagged = hello.clone();
    flagged[7] = 1;
    assertFails(Reason.FORMAT, () -> Handshake.readHello(flagged));
  }

  /** Keys of a wrong size are the caller's mistake. */
  @Test
  void challenge_shortKey_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Handshake.challenge(new byte[16], hello, Handshake.newNonce()))
        .withMessage("key: 16 bytes (expected: 32)");
  }

  private static byte[] flipped(byte[] message, int bit) {
    byte[] changed = message.clone();
    changed[bit / 8] ^= (byte) (1 << bit % 8);
    return changed;
  }

  private static void assertFails(
      @org.jspecify.annotations.Nullable Reason reason, ThrowingCallable call) {
    assertThatExceptionOfType(HandshakeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(reason == null || e.reason() == reason).isTrue());
  }
}
