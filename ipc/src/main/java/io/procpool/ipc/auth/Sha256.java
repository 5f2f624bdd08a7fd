// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

/** SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) for the few short messages of a handshake. */
final class Sha256 {
  /*
   * Why not the JDK's: on a fresh JVM the first use of Mac.getInstance("HmacSHA256") takes 40 to 60 ms, and of
   * MessageDigest.getInstance("SHA-256") 15 to 25 ms, with a class-data archive too (providers and their properties are
   * loaded); this class takes below 1 ms, and a whole worker should start in 60. The tests compare it with the JDK's.
   * The time taken depends on lengths only, never on the bytes.
   */
  static final int DIGEST_BYTES = 32;
  private static final int BLOCK_BYTES = 64;

  private static final int[] ROUND_CONSTANTS = {
    0x428a2f98,
    0x71374491,
    0xb5c0fbcf,
    0xe9b5dba5,
    0x3956c25b,
    0x59f111f1,
    0x923f82a4,
    0xab1c5ed5,
    0xd807aa98,
    0x12835b01,
    0x243185be,
    0x550c7dc3,
    0x72be5d74,
    0x80deb1fe,
    0x9bdc06a7,
    0xc19bf174,
    0xe49b69c1,
    0xefbe4786,
    0x0fc19dc6,
    0x240ca1cc,
    0x2de92c6f,
    0x4a7484aa,
    0x5cb0a9dc,
    0x76f988da,
    0x983e5152,
    0xa831c66d,
    0xb00327c8,
    0xbf597fc7,
    0xc6e00bf3,
    0xd5a79147,
    0x06ca6351,
    0x14292967,
    0x27b70a85,
    0x2e1b2138,
    0x4d2c6dfc,
    0x53380d13,
    0x650a7354,
    0x766a0abb,
    0x81c2c92e,
    0x92722c85,
    0xa2bfe8a1,
    0xa81a664b,
    0xc24b8b70,
    0xc76c51a3,
    0xd192e819,
    0xd6990624,
    0xf40e3585,
    0x106aa070,
    0x19a4c116,
    0x1e376c08,
    0x2748774c,
    0x34b0bcb5,
    0x391c0cb3,
    0x4ed8aa4a,
    0x5b9cca4f,
    0x682e6ff3,
    0x748f82ee,
    0x78a5636f,
    0x84c87814,
    0x8cc70208,
    0x90befffa,
    0xa4506ceb,
    0xbef9a3f7,
    0xc67178f2
  };

  private final int[] state = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  };
  private final int[] schedule = new int[64];
  private final byte[] block = new byte[BLOCK_BYTES];
  private int filled;
  private long totalBytes;

  /** Returns the HMAC of the parts, one after the other. */
  static byte[] hmac(byte[] key, byte[]... parts) {
    byte[] shortKey = key.length > BLOCK_BYTES ? new Sha256().update(key).digest() : key;
    byte[] inner = new byte[BLOCK_BYTES];
    byte[] outer = new byte[BLOCK_BYTES];
    for (int i = 0; i < BLOCK_BYTES; i++) {
      int keyByte = i < shortKey.length ? shortKey[i] : 0;
      inner[i] = (byte) (keyByte ^ 0x36);
      outer[i] = (byte) (keyByte ^ 0x5c);
    }
    Sha256 hash = new Sha256().update(inner);
    for (byte[] part : parts) {
      hash.update(part);
    }
    return new Sha256().update(outer).update(hash.digest()).digest();
  }

  Sha256 update(byte[] bytes) {
    for (byte b : bytes) {
      block[filled++] = b;
      if (filled == BLOCK_BYTES) {
        compress();
        filled = 0;
      }
    }
    totalBytes += bytes.length;
    return this;
  }

  byte[] digest() {
    long bits = totalBytes * 8;
    block[filled++] = (byte) 0x80;
    if (filled > BLOCK_BYTES - 8) {
      java.util.Arrays.fill(block, filled, BLOCK_BYTES, (byte) 0);
      compress();
      filled = 0;
    }
    java.util.Arrays.fill(block, filled, BLOCK_BYTES - 8, (byte) 0);
    for (int i = 0; i < 8; i++) {
      block[BLOCK_BYTES - 1 - i] = (byte) (bits >>> 8 * i);
    }
    compress();
    byte[] digest = new byte[DIGEST_BYTES];
    for (int i = 0; i < DIGEST_BYTES; i++) {
      digest[i] = (byte) (state[i >> 2] >>> 24 - 8 * (i & 3));
    }
    return digest;
  }

  private void compress() {
    int[] w = schedule;
    for (int i = 0; i < 16; i++) {
      w[i] = block[4 * i] << 24
          | (block[4 * i + 1] & 0xff) << 16
          | (block[4 * i + 2] & 0xff) << 8
          | block[4 * i + 3] & 0xff;
    }
    for (int i = 16; i < 64; i++) {
      int x = w[i - 15];
      int y = w[i - 2];
      int s0 = Integer.rotateRight(x, 7) ^ Integer.rotateRight(x, 18) ^ x >>> 3;
      int s1 = Integer.rotateRight(y, 17) ^ Integer.rotateRight(y, 19) ^ y >>> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    int a = state[0];
    int b = state[1];
    int c = state[2];
    int d = state[3];
    int e = state[4];
    int f = state[5];
    int g = state[6];
    int h = state[7];
    for (int i = 0; i < 64; i++) {
      int s1 = Integer.rotateRight(e, 6) ^ Integer.rotateRight(e, 11) ^ Integer.rotateRight(e, 25);
      int t1 = h + s1 + (e & f ^ ~e & g) + ROUND_CONSTANTS[i] + w[i];
      int s0 = Integer.rotateRight(a, 2) ^ Integer.rotateRight(a, 13) ^ Integer.rotateRight(a, 22);
      int t2 = s0 + (a & b ^ a & c ^ b & c);
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}
