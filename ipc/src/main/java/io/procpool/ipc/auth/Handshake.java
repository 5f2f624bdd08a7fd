// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

import io.procpool.ipc.auth.HandshakeException.Reason;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The handshake that opens every channel: three messages of fixed size, in which master and worker prove to each other that
 * they have the session's key, without sending it. Nothing else is parsed before it has succeeded.
 *
 * <p>Pure functions from bytes to bytes: reading so many bytes, the deadline for them, and closing the channel on a
 * {@link HandshakeException} are the caller's. Safe for use by multiple threads.
 *
 * <pre>{@code
 * worker                                              master
 * hello = hello(number, pid, newNonce())       ->     readHello(hello)
 * verifyChallenge(key, hello, challenge)       <-     challenge = challenge(key, hello, newNonce())
 * proof(key, hello, challenge)                 ->     verifyProof(key, hello, challenge, proof)
 * }</pre>
 */
public final class Handshake {
  /*   HELLO      0       4        6      8        12     20       52
   *              | magic | version| flags| worker | pid  | nonce  |
   *   CHALLENGE  0       4        6       38                       70
   *              | magic | version| nonce | HMAC(key, "master" hello nonce) |
   *   PROOF      0                                  32
   *              | HMAC(key, "worker" hello challenge) |
   * Numbers are big-endian. Each proof covers the nonce of the other side, so an old one proves nothing; the labels differ, so
   * a proof sent back to its maker proves nothing either.
   */
  /** Version of the protocol that this side speaks. */
  public static final int VERSION = 1;

  /** Size of the session's key. */
  public static final int KEY_BYTES = 32;

  /** Size of a nonce. */
  public static final int NONCE_BYTES = 32;

  /** Size of the worker's first message. */
  public static final int HELLO_BYTES = 52;

  /** Size of the master's answer. */
  public static final int CHALLENGE_BYTES = 70;

  /** Size of the worker's second message. */
  public static final int PROOF_BYTES = 32;

  private static final int MAGIC = 0x50505731; // "PPW1"
  private static final int CHALLENGE_HMAC_AT = CHALLENGE_BYTES - Sha256.DIGEST_BYTES;
  private static final byte[] MASTER = "master".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] WORKER = "worker".getBytes(StandardCharsets.US_ASCII);

  /**
   * What a worker says of itself; not to be believed before {@link #verifyProof} has succeeded.
   *
   * @param worker number of the worker in its pool
   * @param pid its process id
   */
  public record Hello(int worker, long pid) {}

  private Handshake() {}

  /** Returns a new session key. */
  public static byte[] newKey() {
    return random(KEY_BYTES);
  }

  /** Returns a new nonce. */
  public static byte[] newNonce() {
    return random(NONCE_BYTES);
  }

  /** Returns the worker's first message. */
  public static byte[] hello(int worker, long pid, byte[] nonce) {
    return ByteBuffer.allocate(HELLO_BYTES)
        .putInt(MAGIC)
        .putShort((short) VERSION)
        .putShort((short) 0)
        .putInt(worker)
        .putLong(pid)
        .put(checked("nonce", nonce, NONCE_BYTES))
        .array();
  }

  /**
   * Reads the worker's first message. After a {@link Reason#VERSION} failure the master answers with {@link #refusal}, from
   * which the worker learns the version.
   */
  public static Hello readHello(byte[] hello) throws HandshakeException {
    ByteBuffer buffer = opened("worker", hello, HELLO_BYTES);
    int flags = buffer.getShort() & 0xffff;
    if (flags != 0) {
      throw new HandshakeException(
          Reason.FORMAT, "worker sent unknown flags " + flags + " (expected: 0)");
    }
    return new Hello(buffer.getInt(), buffer.getLong());
  }

  /** Returns the master's answer to the worker's first message. */
  public static byte[] challenge(byte[] key, byte[] hello, byte[] nonce) {
    checked("hello", hello, HELLO_BYTES);
    return ByteBuffer.allocate(CHALLENGE_BYTES)
        .putInt(MAGIC)
        .putShort((short) VERSION)
        .put(checked("nonce", nonce, NONCE_BYTES))
        .put(Sha256.hmac(checkedKey(key), MASTER, hello, nonce))
        .array();
  }

  /** Returns the master's answer to a worker of another version: a challenge of which only the version makes sense. */
  public static byte[] refusal() {
    return ByteBuffer.allocate(CHALLENGE_BYTES)
        .putInt(MAGIC)
        .putShort((short) VERSION)
        .array();
  }

  /** Checks, in the worker, that who answered its first message has the key. */
  public static void verifyChallenge(byte[] key, byte[] hello, byte[] challenge)
      throws HandshakeException {
    ByteBuffer buffer = opened("master", challenge, CHALLENGE_BYTES);
    byte[] nonce = new byte[NONCE_BYTES];
    buffer.get(nonce);
    byte[] expected = Sha256.hmac(checkedKey(key), MASTER, hello, nonce);
    byte[] sent = Arrays.copyOfRange(challenge, CHALLENGE_HMAC_AT, CHALLENGE_BYTES);
    if (!MessageDigest.isEqual(expected, sent)) {
      throw new HandshakeException(
          Reason.KEY, "master did not prove that it has the session's key");
    }
  }

  /** Returns the worker's second message. */
  public static byte[] proof(byte[] key, byte[] hello, byte[] challenge) {
    return Sha256.hmac(checkedKey(key), WORKER, hello, challenge);
  }

  /** Checks, in the master, that the worker has the key. */
  public static void verifyProof(byte[] key, byte[] hello, byte[] challenge, byte[] proof)
      throws HandshakeException {
    if (!MessageDigest.isEqual(Sha256.hmac(checkedKey(key), WORKER, hello, challenge), proof)) {
      throw new HandshakeException(
          Reason.KEY, "worker did not prove that it has the session's key");
    }
  }

  private static ByteBuffer opened(String peer, byte[] message, int expectedBytes)
      throws HandshakeException {
    ByteBuffer buffer = ByteBuffer.wrap(message);
    if (message.length < 6 || buffer.getInt() != MAGIC) {
      throw new HandshakeException(Reason.FORMAT, peer + " does not speak the procpool protocol");
    }
    int version = buffer.getShort() & 0xffff;
    if (version != VERSION) {
      throw new HandshakeException(
          Reason.VERSION,
          peer
              + " speaks protocol version "
              + version
              + ", this side version "
              + VERSION
              + "; use the same procpool version on both sides");
    }
    if (message.length != expectedBytes) {
      throw new HandshakeException(
          Reason.FORMAT,
          peer + " sent " + message.length + " bytes (expected: " + expectedBytes + ")");
    }
    return buffer;
  }

  private static byte[] checkedKey(byte[] key) {
    return checked("key", key, KEY_BYTES);
  }

  private static byte[] checked(String name, byte[] bytes, int expected) {
    if (bytes.length != expected) {
      throw new IllegalArgumentException(
          name + ": " + bytes.length + " bytes (expected: " + expected + ")");
    }
    return bytes;
  }

  /** Reads the kernel's generator where there is one: SecureRandom costs a fresh JVM 20 ms. */
  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    try (FileInputStream kernel = new FileInputStream("/dev/urandom")) {
      if (kernel.readNBytes(bytes, 0, count) == count) {
        return bytes;
      }
    } catch (IOException e) {
      // no such file on this system
    }
    new SecureRandom().nextBytes(bytes);
    return bytes;
  }
}
