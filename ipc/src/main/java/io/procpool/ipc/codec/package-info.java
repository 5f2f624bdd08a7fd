// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * How values, functions and exceptions become bytes and come back.
 *
 * <p>Start at {@link io.procpool.ipc.codec.ValueCodec}: a tagged form for simple values in front of JDK serialization.
 * {@link io.procpool.ipc.codec.FunctionCodec} adds lambdas, {@link io.procpool.ipc.codec.ThrowableCodec} exceptions;
 * all write to a {@link io.procpool.ipc.codec.PayloadWriter} and read from a {@link io.procpool.ipc.codec.PayloadReader}.
 * {@link io.procpool.ipc.codec.SerializationDiagnosis} finds the field because of which a value cannot be encoded.
 * These classes are on a worker's start path: no streams, no regular expressions, no lambdas here.
 */
@NullMarked
package io.procpool.ipc.codec;

import org.jspecify.annotations.NullMarked;
