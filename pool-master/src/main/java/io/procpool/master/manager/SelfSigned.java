// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * A new key pair with a certificate that it has signed itself.
 *
 * @param key the private key
 * @param certificate who has it
 */
record SelfSigned(PrivateKey key, X509Certificate certificate) {
  /*
   * The JDK has no way to make a certificate. What one consists of (RFC 5280) is little if it says nothing but its key, and nobody reads more of
   * this one than its fingerprint: a library for that brings a whole provider of cryptography.
   */
  private static final int INTEGER = 0x02;
  private static final int BIT_STRING = 0x03;
  private static final int UTF8_STRING = 0x0c;
  private static final int GENERALIZED_TIME = 0x18;
  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int VERSION_TAG = 0xa0;
  private static final byte[] VERSION_3 = {INTEGER, 1, 2};
  private static final byte[] ECDSA_WITH_SHA256 = {
    0x06, 8, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 4, 3, 2
  };
  private static final byte[] COMMON_NAME = {0x06, 3, 0x55, 4, 3};
  private static final byte[] NO_UNUSED_BITS = {0};
  private static final int SERIAL_BITS = 127;
  private static final Duration BEFORE = Duration.ofDays(1); // clocks differ
  private static final Duration AFTER = Duration.ofDays(3650);

  /** Makes one. */
  static SelfSigned make(String name) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair pair = generator.generateKeyPair();
    byte[] algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
    byte[] who = der(
        SEQUENCE,
        der(
            SET,
            der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, name.getBytes(StandardCharsets.UTF_8)))));
    Instant now = Instant.now();
    byte[] content = der(
        SEQUENCE,
        der(VERSION_TAG, VERSION_3),
        der(INTEGER, new BigInteger(SERIAL_BITS, new SecureRandom()).toByteArray()),
        algorithm,
        who,
        der(SEQUENCE, time(now.minus(BEFORE)), time(now.plus(AFTER))),
        who,
        pair.getPublic().getEncoded());
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(pair.getPrivate());
    signature.update(content);
    byte[] whole =
        der(SEQUENCE, content, algorithm, der(BIT_STRING, NO_UNUSED_BITS, signature.sign()));
    X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(whole));
    return new SelfSigned(pair.getPrivate(), certificate);
  }

  private static byte[] time(Instant instant) {
    String text = DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'", Locale.ROOT)
        .withZone(ZoneOffset.UTC)
        .format(instant);
    return der(GENERALIZED_TIME, text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Writes one value in the encoding of certificates: tag, length, parts. */
  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.size();
    if (length < 0x80) {
      out.write(length);
    } else {
      byte[] digits = BigInteger.valueOf(length).toByteArray();
      int zero = digits[0] == 0 ? 1 : 0; // in front of a high bit
      out.write(0x80 | digits.length - zero);
      out.write(digits, zero, digits.length - zero);
    }
    out.writeBytes(content.toByteArray());
    return out.toByteArray();
  }
}
