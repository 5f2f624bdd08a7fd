// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class Sha256Test {
  /** The example of the standard gives the digest of the standard. */
  @Test
  void digest_abc_isTheStandardsDigest() {
    byte[] digest = new Sha256().update(new byte[] {'a', 'b', 'c'}).digest();
    assertThat(HexFormat.of().formatHex(digest))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  /** For every length up to some blocks, in one part or in two, the digest is the JDK's. */
  @Test
  void digest_anyLength_isTheJdks() throws Exception {
    Random random = new Random(1);
    for (int length = 0; length < 300; length++) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      int cut = random.nextInt(length + 1);
      Sha256 hash = new Sha256()
          .update(Arrays.copyOf(bytes, cut))
          .update(Arrays.copyOfRange(bytes, cut, length));
      assertThat(hash.digest())
          .as("length %d, cut %d", length, cut)
          .isEqualTo(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
  }

  /** For keys shorter and longer than a block, the HMAC is the JDK's. */
  @Test
  void hmac_anyKeyLength_isTheJdks() throws Exception {
    Random random = new Random(2);
    for (int length = 1; length < 200; length++) {
      byte[] key = new byte[length];
      byte[] message = new byte[random.nextInt(300)];
      random.nextBytes(key);
      random.nextBytes(message);
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      assertThat(Sha256.hmac(key, message))
          .as("key of %d bytes", length)
          .isEqualTo(mac.doFinal(message));
    }
  }
}
