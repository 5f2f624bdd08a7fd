// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.TaskFunction;
import io.procpool.job.Job;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Calls {@link Job#process}. In a worker process the job is constructed once, in a pool of this JVM once for each thread,
 * so that a job is never called by two threads at a time. Safe for use by multiple threads.
 */
final class JobFunction implements TaskFunction<Object, @Nullable Object> {
  private static final long serialVersionUID = 1;
  private static final Map<String, Job<Object, @Nullable Object>> OF_THIS_WORKER =
      new ConcurrentHashMap<>();

  private final String jobClass;
  private final transient @Nullable ClassLoader loader; // null in a worker process
  private final transient @Nullable ThreadLocal<Job<Object, @Nullable Object>> ofThread;

  /** Makes a function for a class of the given loader. */
  JobFunction(Class<?> jobClass, ClassLoader loader) {
    this.jobClass = jobClass.getName();
    this.loader = loader;
    this.ofThread = new ThreadLocal<>();
  }

  @Override
  @SuppressWarnings("NullAway") // does not see that the result's type is nullable
  public @Nullable Object apply(Object input) throws Exception {
    return job().process(input);
  }

  private Job<Object, @Nullable Object> job() {
    if (ofThread == null || loader == null) {
      Job<Object, @Nullable Object> known = OF_THIS_WORKER.get(jobClass);
      if (known == null) {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        known = construct(context != null ? context : JobFunction.class.getClassLoader());
        OF_THIS_WORKER.put(jobClass, known);
      }
      return known;
    }
    Job<Object, @Nullable Object> job = ofThread.get();
    if (job == null) {
      Thread.currentThread().setContextClassLoader(loader);
      job = construct(loader);
      ofThread.set(job);
    }
    return job;
  }

  @SuppressWarnings("unchecked")
  private Job<Object, @Nullable Object> construct(@Nullable ClassLoader from) {
    try {
      Class<?> type = Class.forName(jobClass, true, from);
      return (Job<Object, @Nullable Object>) type.getConstructor().newInstance();
    } catch (InvocationTargetException e) {
      throw new JobConstructionException(jobClass, e.getCause() == null ? e : e.getCause());
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new JobConstructionException(jobClass, e);
    }
  }

  @Override
  public String toString() {
    return "JobFunction[" + jobClass + "]";
  }
}
