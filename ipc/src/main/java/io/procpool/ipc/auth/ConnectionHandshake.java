// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

import io.procpool.ipc.auth.HandshakeException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The handshake that opens a connection over a socket: three messages of fixed size, in which listener and client prove to each other that
 * they have the same key, without sending it. Nothing else is parsed before it has succeeded.
 *
 * <p>Pure functions from bytes to bytes; the rest is the caller's. The client proves first, so that whoever just connects to a listener gets
 * nothing that depends on the key. Safe for use by multiple threads.
 *
 * <pre>{@code
 * listener                                                client
 * greeting = greeting(newNonce())                   ->    checkGreeting(greeting)
 * verdict = judge(key, greeting, proof)             <-    proof = proof(key, greeting, newNonce())
 * verdict(key, greeting, proof, verdict)            ->    readVerdict(key, greeting, proof, message)
 * }</pre>
 */
public final class ConnectionHandshake {
  /*   GREETING   0       4        6          8       40
   *              | magic | version| 0        | nonce |
   *   PROOF      0       4        6          8       40                                        72
   *              | magic | version| 0        | nonce | HMAC(key, "client" greeting nonce)       |
   *   VERDICT    0       4        6          8                                                 40
   *              | magic | version| verdict  | HMAC(key, "listener" greeting proof verdict)     |
   * Numbers are big-endian. Each proof covers the nonce of the other side, so an old one proves nothing; the labels differ, so
   * a proof sent back to its maker proves nothing either. A verdict other than ACCEPTED and FULL is of a listener that cannot prove
   * anything to this client; its HMAC is zeros. Inside TLS both sides use HMAC(key, "certificate" SHA-256 of the listener's certificate)
   * for the key, so a proof for one certificate proves nothing for another one. The number in the head of a greeting is 0; one of a listener with
   * TLS, to a client that does not begin with TLS, has 1 and nothing behind that which would mean something.
   */
  /** Version of the protocol that this side speaks, handshake and frames. */
  public static final int VERSION = 1;

  /** Size of the listener's first message. */
  public static final int GREETING_BYTES = 40;

  /** Size of the client's message. */
  public static final int PROOF_BYTES = 72;

  /** Size of the listener's second message. */
  public static final int VERDICT_BYTES = 40;

  /** The fewest bytes that a key has. */
  public static final int MIN_KEY_BYTES = 16;

  private static final int MAGIC = 0x50504331; // "PPC1"
  private static final int HEAD_BYTES = 8;
  private static final int PROOF_HMAC_AT = PROOF_BYTES - Sha256.DIGEST_BYTES;
  private static final byte[] CLIENT = "client".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] LISTENER = "listener".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CERTIFICATE = "certificate".getBytes(StandardCharsets.US_ASCII);
  private static final int WANTS_TLS = 1; // the number in the head of such a greeting

  /** What a listener says to a client at last. */
  public enum Verdict {
    /** The connection is open. */
    ACCEPTED,
    /** The client has the key, but too many wait to be accepted. */
    FULL,
    /** The client does not have the key. */
    WRONG_KEY,
    /** The client speaks another version. */
    WRONG_VERSION
  }

  private static final Verdict[] VERDICTS = Verdict.values();

  private ConnectionHandshake() {}

  /**
   * Checks that a key is long enough, and returns a copy of it.
   *
   * @throws IllegalArgumentException if it is not
   */
  public static byte[] copyOfKey(byte[] key) {
    if (key.length < MIN_KEY_BYTES) {
      throw new IllegalArgumentException(
          "key: " + key.length + " bytes (expected: " + MIN_KEY_BYTES + " or more)");
    }
    return key.clone();
  }

  /**
   * Returns the key for a handshake inside TLS, where it proves the listener's certificate, too.
   *
   * @param certificate SHA-256 of the certificate that the listener has, or the client has seen
   */
  public static byte[] boundKey(byte[] key, byte[] certificate) {
    return Sha256.hmac(key, CERTIFICATE, certificate);
  }

  /** Returns the listener's first message. */
  public static byte[] greeting(byte[] nonce) {
    return head(GREETING_BYTES, 0).put(nonce).array();
  }

  /** Returns what a listener with TLS says to a client that waits for its first message without that. */
  public static byte[] tlsWanted() {
    return head(GREETING_BYTES, WANTS_TLS).array();
  }

  /** Tells whether what has come from a listener begins as its first message does; takes nothing. */
  public static boolean isGreeting(ByteBuffer received) {
    return received.remaining() >= Integer.BYTES && received.getInt(received.position()) == MAGIC;
  }

  /** Checks, in the client, that a listener of this version has sent it, and that it does not want TLS. */
  public static void checkGreeting(byte[] greeting) throws HandshakeException {
    if (open("the listener", greeting) == WANTS_TLS) {
      throw new HandshakeException(Reason.FORMAT, "the listener uses TLS, and this side does not");
    }
  }

  /** Returns the client's message. */
  public static byte[] proof(byte[] key, byte[] greeting, byte[] nonce) {
    return head(PROOF_BYTES, 0)
        .put(nonce)
        .put(Sha256.hmac(key, CLIENT, greeting, nonce))
        .array();
  }

  /**
   * Checks, in the listener, whether the client has the key.
   *
   * @return {@link Verdict#ACCEPTED} if it does, or what is wrong
   * @throws HandshakeException if it is no client of this protocol
   */
  public static Verdict judge(byte[] key, byte[] greeting, byte[] proof) throws HandshakeException {
    try {
      open("the client", proof);
    } catch (HandshakeException e) {
      if (e.reason() == Reason.VERSION) {
        return Verdict.WRONG_VERSION;
      }
      throw e;
    }
    byte[] nonce = Arrays.copyOfRange(proof, HEAD_BYTES, PROOF_HMAC_AT);
    byte[] sent = Arrays.copyOfRange(proof, PROOF_HMAC_AT, PROOF_BYTES);
    boolean same = MessageDigest.isEqual(Sha256.hmac(key, CLIENT, greeting, nonce), sent);
    return same ? Verdict.ACCEPTED : Verdict.WRONG_KEY;
  }

  /** Returns the listener's second message. */
  public static byte[] verdict(byte[] key, byte[] greeting, byte[] proof, Verdict verdict) {
    ByteBuffer message = head(VERDICT_BYTES, verdict.ordinal());
    if (provesKey(verdict)) {
      message.put(proofOf(key, greeting, proof, verdict));
    }
    return message.array();
  }

  /**
   * Reads the listener's second message in the client.
   *
   * @throws HandshakeException if it does not prove that the listener has the key, although it says so
   */
  public static Verdict readVerdict(byte[] key, byte[] greeting, byte[] proof, byte[] message)
      throws HandshakeException {
    int number = open("the listener", message);
    if (number >= VERDICTS.length) {
      throw new HandshakeException(Reason.FORMAT, "the listener sent the verdict " + number);
    }
    Verdict verdict = VERDICTS[number];
    byte[] sent = Arrays.copyOfRange(message, HEAD_BYTES, VERDICT_BYTES);
    if (provesKey(verdict)
        && !MessageDigest.isEqual(proofOf(key, greeting, proof, verdict), sent)) {
      throw new HandshakeException(
          Reason.KEY, "the listener did not prove that it knows the same key");
    }
    return verdict;
  }

  private static boolean provesKey(Verdict verdict) {
    return verdict == Verdict.ACCEPTED || verdict == Verdict.FULL;
  }

  private static byte[] proofOf(byte[] key, byte[] greeting, byte[] proof, Verdict verdict) {
    return Sha256.hmac(key, LISTENER, greeting, proof, new byte[] {(byte) verdict.ordinal()});
  }

  private static ByteBuffer head(int bytes, int number) {
    return ByteBuffer.allocate(bytes).putInt(MAGIC).putShort((short) VERSION).putShort((short)
        number);
  }

  /** Checks how a message begins; returns the number in it. */
  private static int open(String peer, byte[] message) throws HandshakeException {
    ByteBuffer buffer = ByteBuffer.wrap(message);
    if (buffer.getInt() != MAGIC) {
      throw new HandshakeException(
          Reason.FORMAT, peer + " does not speak the protocol of procpool's connections");
    }
    int version = buffer.getShort() & 0xffff;
    if (version != VERSION) {
      throw new HandshakeException(
          Reason.VERSION,
          peer + " speaks version " + version + " of the protocol, this side version " + VERSION
              + "; use the same procpool version on both sides");
    }
    return buffer.getShort() & 0xffff;
  }
}
