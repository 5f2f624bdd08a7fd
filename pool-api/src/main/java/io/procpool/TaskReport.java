// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import java.time.Duration;

/**
 * What is known of a task that had begun and was not let end. Immutable.
 *
 * @param task name of the task, or the class of its function
 * @param attempt which attempt it was, 1 for the first
 * @param worker name of the worker, such as {@code worker-3}
 * @param pid process id of the worker
 * @param exitValue exit value of the worker, 128 + the signal's number after a signal; -1 if the worker lives on
 * @param runTime how long the task had been running
 * @param rssBytes resident memory of the worker when last looked at, while the task ran; -1 if that is not known
 * @param heapBytes heap that the worker used when it last said so, while the task ran; -1 if that is not known
 * @param stderrTail the last of what the worker wrote to standard error, at most 16 KiB; empty if nothing
 * @param crashReport path of the crash report of the worker's JVM; empty if there is none
 * @param crashReportHead the first lines of the crash report that say something; empty if there is none
 * @param stack where the task was, a line for each frame, taken before the worker was killed; empty if that is not known
 */
public record TaskReport(
    String task,
    int attempt,
    String worker,
    long pid,
    int exitValue,
    Duration runTime,
    long rssBytes,
    long heapBytes,
    String stderrTail,
    String crashReport,
    String crashReportHead,
    String stack)
    implements Serializable {}
