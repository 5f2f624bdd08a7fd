// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RunnableTask;
import io.procpool.Shared;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.UndecodableTaskException;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks of classes that only a loader of the master has: the master gives them to the workers. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ServedClassesTest {
  private static final String TASKS = """
      package plugin;
      import io.procpool.*;
      import java.io.*;
      import java.lang.reflect.Proxy;
      import java.util.*;
      public class Tasks {
        public record Point(int x, Color[] colors) implements Serializable {}
        public enum Color { RED { @Override public String toString() { return "red"; } }, BLUE }
        public interface Greeter { default String greet() { return "hello of " + getClass().getSimpleName(); } }
        public static class Loud implements Greeter {}
        public static class Trouble extends RuntimeException {
          public final Point where = new Point(7, new Color[0]);
          public Trouble(String message) { super(message); }
        }
        public static class Broken {
          static final int VALUE = Integer.parseInt("none");
        }
        public static class Local implements AutoCloseable {
          static int made;
          final int number = ++made;
          @Override public void close() {}
        }
        static int calls;
        public static String initialized = "no";

        public static Task<Point> point() {
          int x = 3;
          return () -> new Point(x, new Color[] {Color.RED, Color.BLUE});
        }
        public static Task<Integer> calls() { return () -> ++calls; }
        public static Task<String> fail() { return () -> { throw new Trouble("as meant"); }; }
        static class Heavy { static int weight() { return 17; } }
        public static Task<Integer> heavy() { return () -> Heavy.weight(); }
        public static Task<Integer> broken() { return () -> Broken.VALUE; }
        public static Task<String> missing() { return () -> Missing.text(); }
        public static Task<String> initialized() { return () -> initialized; }
        public static RunnableTask initializer() { return () -> initialized = "yes"; }
        public static RunnableTask finalizer(String file) {
          return () -> new File(file).mkdir();
        }
        public static Task<String> proxy() {
          return () -> ((Greeter) Proxy.newProxyInstance(Tasks.class.getClassLoader(), new Class<?>[] {Greeter.class},
              (self, method, arguments) -> "proxied " + method.getName())).greet();
        }
        public static Task<String> services() {
          return () -> {
            StringBuilder text = new StringBuilder();
            for (Greeter each : ServiceLoader.load(Greeter.class)) {
              text.append(each.greet());
            }
            return text.toString();
          };
        }
        public static Task<String> resource() {
          return () -> {
            try (InputStream in = Tasks.class.getResourceAsStream("/plugin/words.txt");
                InputStream context = Thread.currentThread().getContextClassLoader().getResourceAsStream("plugin/words.txt")) {
              return new String(in.readAllBytes()) + context.readAllBytes().length
                  + Tasks.class.getResource("none") + Collections.list(Tasks.class.getClassLoader().getResources("plugin/words.txt")).size();
            }
          };
        }
        public static Task<Integer> largeResource() {
          return () -> {
            try (InputStream in = Tasks.class.getResourceAsStream("/large")) {
              return in == null ? -1 : in.readAllBytes().length;
            }
          };
        }
        public static Task<String> nested() {
          return () -> {
            try (Pool pool = Pool.ofWorkers(1)) {
              return pool.apply(() -> new Point(9, new Color[0]).toString().substring(0, 9));
            }
          };
        }
        public static TaskFunction<Object, Object> same() { return value -> value; }
        public static Object value() { return new Point(5, new Color[] {Color.BLUE}); }
        public static Task<Integer> local(WorkerLocal<Local> local) { return () -> local.get().number; }
        public static WorkerLocal<Local> workerLocal() { return WorkerLocal.of(Local::new); }
      }
      """;
  private static final String MISSING =
      "package plugin; public class Missing { public static String text() { return \"there\"; } }";

  @TempDir
  Path directory;

  private Path folder;

  @BeforeEach
  void compile() throws Exception {
    Map<String, String> sources = new LinkedHashMap<>();
    sources.put("plugin.Tasks", TASKS);
    sources.put("plugin.Missing", MISSING);
    folder = Plugin.compile(directory.resolve("classes"), sources);
    Files.delete(folder.resolve("plugin/Missing.class"));
    Files.writeString(folder.resolve("plugin/words.txt"), "one two ");
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve("plugin.Tasks$Greeter"), "plugin.Tasks$Loud\n");
  }

  private static PoolOptions.Builder options() {
    return Faults.options("served").workers(1);
  }

  private <T> Task<T> task(ClassLoader loader, String method) throws Exception {
    return Plugin.task(loader, "plugin.Tasks", method);
  }

  private static Object call(ClassLoader loader, String method, Object... arguments)
      throws Exception {
    for (var each : Class.forName("plugin.Tasks", true, loader).getMethods()) {
      if (each.getName().equals(method)) {
        return each.invoke(null, arguments);
      }
    }
    throw new NoSuchMethodException(method);
  }

  /** What a task of a class loader can do, in one worker. */
  @Test
  void submit_classesOfALoaderOfTheMaster_areGivenToTheWorker() throws Exception {
    try (URLClassLoader loader = Plugin.loader(folder);
        Pool pool = Pool.open(options().build())) {
      Object point = pool.apply(task(loader, "point"));
      assertThat(point.getClass().getClassLoader()).isSameAs(loader);
      assertThat(point.toString()).startsWith("Point[x=3, colors=");
      assertThat(pool.<String>apply(task(loader, "proxy"))).isEqualTo("proxied greet");
      assertThat(pool.<String>apply(task(loader, "services"))).isEqualTo("hello of Loud");
      assertThat(pool.<String>apply(task(loader, "resource"))).isEqualTo("one two 8null1");
      Throwable thrown = Faults.failureOf(pool.submit(task(loader, "fail")));
      assertThat(thrown.getClass().getName()).isEqualTo("plugin.Tasks$Trouble");
      assertThat(thrown.getClass().getClassLoader()).isSameAs(loader);
      assertThat(pool.<String>apply(task(loader, "nested"))).isEqualTo("Point[x=9");
      assertThat(pool.broadcast(task(loader, "calls"))).hasSize(1);
    }
  }

  @Test
  void share_andWorkerLocal_ofClassesOfALoader_work() throws Exception {
    try (URLClassLoader loader = Plugin.loader(folder);
        Pool pool = Pool.open(options().build())) {
      Object value = call(loader, "value");
      @SuppressWarnings("unchecked")
      TaskFunction<Object, Object> same = (TaskFunction<Object, Object>) call(loader, "same");
      assertThat(pool.map(same, List.of(value, value, 1)).get(1).getClass())
          .isSameAs(value.getClass());
      Thread.currentThread().setContextClassLoader(loader);
      try {
        Shared<Object> shared = pool.share(value);
        // A function of the class path, with what only the context class loader knows.
        assertThat(pool.apply(() -> shared.get().getClass().getSimpleName())).isEqualTo("Point");
        assertThat(pool.<Object, Class<?>>apply(Object::getClass, value))
            .isSameAs(value.getClass());
      } finally {
        Thread.currentThread().setContextClassLoader(getClass().getClassLoader());
      }
      Object local = call(loader, "workerLocal");
      @SuppressWarnings("unchecked")
      Task<Integer> number = (Task<Integer>) call(loader, "local", local);
      assertThat(pool.apply(number)).isEqualTo(1);
      assertThat(pool.apply(number)).isEqualTo(1);
    }
  }

  @Test
  void initializerAndFinalizer_ofALoader_runInEveryWorker() throws Exception {
    Path left = directory.resolve("left");
    try (URLClassLoader loader = Plugin.loader(folder)) {
      PoolOptions options = options()
          .initializer((RunnableTask) call(loader, "initializer"))
          .finalizer((RunnableTask) call(loader, "finalizer", left.toString()))
          .gracePeriod(Faults.LONG)
          .build();
      try (Pool pool = Pool.open(options)) {
        assertThat(pool.<String>apply(task(loader, "initialized"))).isEqualTo("yes");
        Faults.signal("KILL", pool.apply(Faults::pid));
        // Its successor asks again.
        assertThat(Faults.valueOf(pool.<String>submit(task(loader, "initialized"))))
            .isEqualTo("yes");
      }
    }
    assertThat(left).exists();
  }

  // Which class it is.

  @Test
  void submit_oneNameInTwoLoaders_eachHasItsOwnClass() throws Exception {
    String one =
        "package twice; public class Which { static int calls; public static io.procpool.Task<String> tell() {"
            + " return () -> \"first \" + ++calls; } }";
    Path first = Plugin.compile(directory.resolve("1"), Map.of("twice.Which", one));
    Path second = Plugin.compile(
        directory.resolve("2"), Map.of("twice.Which", one.replace("first", "second")));
    try (URLClassLoader a = Plugin.loader(first);
        URLClassLoader b = Plugin.loader(second);
        Pool pool = Pool.open(options().build())) {
      for (int i = 1; i < 4; i++) {
        assertThat(pool.<String>apply(Plugin.task(a, "twice.Which", "tell")))
            .isEqualTo("first " + i);
        assertThat(pool.<String>apply(Plugin.task(b, "twice.Which", "tell")))
            .isEqualTo("second " + i);
      }
    }
  }

  /** The class path of the worker has another class of the same name. */
  @Test
  void submit_loaderThatHidesTheClassPath_itsClassIsTheOne() throws Exception {
    Map<String, String> sources = Map.of(
        "org.awaitility.Awaitility",
        "package org.awaitility; public class Awaitility { public static String who() { return \"the hidden one\"; } }",
        "hiding.Task",
        "package hiding; public class Task { public static io.procpool.Task<String> tell() {"
            + " return () -> org.awaitility.Awaitility.who(); } }");
    Path hiding = Plugin.compile(directory.resolve("hiding"), sources);
    try (URLClassLoader loader = new Plugin.ChildFirst(hiding);
        Pool pool = Pool.open(options().build())) {
      Task<String> tell = Plugin.task(loader, "hiding.Task", "tell");
      assertThat(pool.apply(tell)).isEqualTo("the hidden one");
      assertThat(pool.apply(() -> org.awaitility.Awaitility.class.getName()))
          .endsWith("Awaitility");
    }
  }

  /** What the class path has is not asked for. */
  @Test
  void submit_classesOfTheClassPath_needNoLoader() throws Exception {
    assertThat(new TaskLoaders().of((Task<Integer>) () -> 1)).isSameAs(TaskLoaders.Origin.NONE);
    try (Pool pool = Pool.open(options().build())) {
      assertThat(pool.apply(() ->
              Thread.currentThread().getContextClassLoader() == ClassLoader.getSystemClassLoader()))
          .isTrue();
    }
  }

  // What is not there.

  @Test
  void run_classThatIsNowhere_saysWhereItWasLookedFor() throws Exception {
    try (URLClassLoader loader = Plugin.loader(folder);
        Pool pool = Pool.open(options().build())) {
      for (int i = 0; i < 2; i++) {
        Throwable failure = Faults.failureOf(pool.submit(task(loader, "missing")));
        assertThat(failure).isInstanceOf(NoClassDefFoundError.class);
        assertThat(failure)
            .hasRootCauseMessage(failure.getCause().getMessage())
            .cause()
            .hasMessageContaining("plugin.Missing (looked for in the class path of worker-1, ")
            .hasMessageContaining(
                "not found in the master by java.net.URLClassLoader \"plugin\" of file:");
      }
      assertThat(pool.<Integer>apply(task(loader, "calls"))).isEqualTo(1);
    }
  }

  /** A class that the class path had when the program was compiled: also then it is said where it was looked for. */
  @Test
  void run_classMissingInTheClassPath_saysWhereItWasLookedFor() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      Throwable failure = Faults.failureOf(pool.submit(() -> Class.forName("no.such.Type")));
      assertThat(failure).isInstanceOf(ClassNotFoundException.class);
      assertThat(failure.getSuppressed()[0])
          .hasMessageStartingWith("looked for in the class path of worker-1, ")
          .hasMessageContaining("the master was not asked");
    }
  }

  /** A loader that defines what nobody can read: the class of the task itself, so that it never starts. */
  @Test
  void submit_classWithoutBytes_isUndecodableAndSaysWhatToDo() throws Exception {
    String source =
        "package alone; public class Alone { public static io.procpool.Task<Integer> one() { return () -> 1; } }";
    Path alone = Plugin.compile(directory.resolve("alone"), Map.of("alone.Alone", source));
    byte[] bytes = Files.readAllBytes(alone.resolve("alone/Alone.class"));
    ClassLoader inMemory = new ClassLoader("in-memory", getClass().getClassLoader()) {
      @Override
      protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (name.equals("alone.Alone")) {
          return defineClass(name, bytes, 0, bytes.length);
        }
        throw new ClassNotFoundException(name);
      }
    };
    try (Pool pool = Pool.open(options().build())) {
      Throwable failure =
          Faults.failureOf(pool.submit(Plugin.task(inMemory, "alone.Alone", "one")));
      assertThat(failure)
          .isInstanceOf(UndecodableTaskException.class)
          .hasMessageContaining("alone.Alone")
          .hasMessageContaining("\"in-memory\" has it, but not its bytes")
          .hasMessageContaining("getResourceAsStream(\"alone/Alone.class\")");
    }
  }

  @Test
  void run_failingStaticInitializer_failsTheTaskAsUsual() throws Exception {
    try (URLClassLoader loader = Plugin.loader(folder);
        Pool pool = Pool.open(options().build())) {
      assertThat(Faults.failureOf(pool.submit(task(loader, "broken"))))
          .isInstanceOf(ExceptionInInitializerError.class)
          .hasCauseInstanceOf(NumberFormatException.class);
      assertThat(Faults.failureOf(pool.submit(task(loader, "broken"))))
          .isInstanceOf(NoClassDefFoundError.class);
    }
  }

  // Size and number.

  @Test
  void resource_ofTenMebibytes_isGiven_andOneAboveTheLimitIsNot() throws Exception {
    try (URLClassLoader loader = Plugin.loader(folder);
        Pool pool = Pool.open(options().build())) {
      try (RandomAccessFile file = new RandomAccessFile(folder.resolve("large").toFile(), "rw")) {
        file.setLength(10 << 20);
        assertThat(pool.<Integer>apply(task(loader, "largeResource"))).isEqualTo(10 << 20);
        file.setLength((64 << 20) + 1);
        Faults.signal("KILL", pool.apply(Faults::pid)); // no worker that remembers
        assertThat(Faults.valueOf(pool.<Integer>submit(task(loader, "largeResource"))))
            .isEqualTo(-1);
      }
    }
  }

  /** A class of some 10 MB, and a thousand small ones that several threads of the task load at the same time. */
  @Test
  void run_largeClassAndManyClassesAtOnce_allAreThere() throws Exception {
    StringBuilder large =
        new StringBuilder("package many; public class Large { static String[] all = {");
    for (int i = 0; i < 160; i++) {
      large
          .append('"')
          .append((char) ('a' + i % 26))
          .append(i)
          .append("x".repeat(65_000))
          .append("\",");
    }
    large.append("}; }");
    StringBuilder many = new StringBuilder("""
        package many;
        import java.util.*;
        import java.util.concurrent.*;
        public class Many {
          public static io.procpool.Task<Integer> loadAll() { return Many::all; }
          static int all() throws Exception {
            ExecutorService threads = Executors.newFixedThreadPool(8);
            List<Future<Integer>> sums = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
              sums.add(threads.submit(Many::sum));
            }
            int total = 0;
            for (Future<Integer> sum : sums) {
              total += sum.get();
            }
            threads.shutdown();
            return total + Large.all.length;
          }
          static Integer sum() throws Exception {
            int sum = 0;
            for (int i = 0; i < 1000; i++) {
              sum += (Integer) Class.forName("many.Many$C" + i).getField("N").get(null);
            }
            return sum;
          }
        """);
    for (int i = 0; i < 1000; i++) {
      many.append("public static class C").append(i).append(" { public static int N = 1; }\n");
    }
    many.append('}');
    Path classes = Plugin.compile(
        directory.resolve("many"),
        Map.of("many.Large", large.toString(), "many.Many", many.toString()));
    assertThat(Files.size(classes.resolve("many/Large.class"))).isGreaterThan(10_000_000);
    try (URLClassLoader loader = Plugin.loader(classes);
        Pool pool = Pool.open(options().build())) {
      long start = System.nanoTime();
      assertThat(pool.<Integer>apply(Plugin.task(loader, "many.Many", "loadAll")))
          .isEqualTo(8160);
      System.out.printf("a thousand classes: %d ms%n", (System.nanoTime() - start) / 1_000_000);
    }
  }

  // Slow loaders and deaths.

  /** Stops when it is asked for the bytes of one class. */
  private static final class Slow extends URLClassLoader {
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);

    Slow(Path folder) {
      super("slow", new java.net.URL[] {Plugin.url(folder)}, Slow.class.getClassLoader());
    }

    @Override
    public java.net.URL findResource(String name) {
      if (name.startsWith("plugin/Tasks$Heavy")) {
        asked.countDown();
        try {
          goOn.await();
        } catch (InterruptedException e) {
          return null;
        }
      }
      return super.findResource(name);
    }
  }

  @Test
  void run_slowLoader_holdsUpOnlyItsOwnTask_andDeathOfThatWorkerHurtsNobody() throws Exception {
    try (Slow loader = new Slow(folder);
        Pool pool = Pool.open(options().workers(2).build())) {
      AsyncResult<Integer> waiting = pool.submit(task(loader, "heavy"));
      assertThat(loader.asked.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(pool.<Integer>apply(task(loader, "calls"))).isEqualTo(1);
      assertThat(pool.map(n -> n + 1, List.of(1, 2, 3))).containsExactly(2, 3, 4);
      assertThat(waiting.isDone()).isFalse();
      long busy = pool.snapshot().workers().stream()
          .filter(worker -> worker.state() == WorkerSnapshot.State.BUSY)
          .findFirst()
          .orElseThrow()
          .pid();
      Faults.signal("KILL", busy);
      assertThat(Faults.failureOf(waiting)).isInstanceOf(WorkerCrashedException.class);
      loader.goOn.countDown();
      Faults.awaitFull(pool);
      assertThat(Faults.valueOf(pool.<Integer>submit(task(loader, "heavy")))).isEqualTo(17);
    }
  }

  @Test
  void run_masterThatDoesNotAnswer_failsTheTaskInTime() throws Exception {
    PoolOptions options =
        options().jvmArgs(List.of("-Dprocpool.classWaitMillis=300")).build();
    try (Slow loader = new Slow(folder);
        Pool pool = Pool.open(options)) {
      assertThatThrownBy(() -> pool.submit(task(loader, "heavy")).get())
          .isInstanceOf(ExecutionException.class)
          .hasStackTraceContaining("the master was asked, but did not answer within 300 ms");
      loader.goOn.countDown();
      assertThat(pool.<Integer>apply(task(loader, "calls"))).isEqualTo(1);
    }
  }

  // Loaders that are given up.

  /** Notes in the worker whether the loader of a class is still there. */
  private static final class Remembered implements Serializable {
    private static final long serialVersionUID = 1;
    static WeakReference<ClassLoader> loader = new WeakReference<>(null);
  }

  private static final class Remember implements TaskFunction<Task<?>, Integer> {
    private static final long serialVersionUID = 1;

    @Override
    public Integer apply(Task<?> task) throws Exception {
      Remembered.loader = new WeakReference<>(task.getClass().getClassLoader());
      return (Integer) task.call();
    }
  }

  private WeakReference<ClassLoader> useAndDrop(Pool pool) throws Exception {
    URLClassLoader loader = Plugin.loader(folder);
    assertThat(pool.<Integer>apply(task(loader, "calls"))).isEqualTo(1);
    Thread.currentThread().setContextClassLoader(loader);
    try {
      Task<Integer> calls = task(loader, "calls");
      assertThat(pool.apply(new Remember(), calls)).isPositive();
    } finally {
      Thread.currentThread().setContextClassLoader(getClass().getClassLoader());
      loader.close();
    }
    return new WeakReference<>(loader);
  }

  @Test
  void loader_noLongerUsed_isCollectedHereAndInTheWorker() throws Exception {
    try (Pool pool = Pool.open(options().build());
        URLClassLoader other = Plugin.loader(folder)) {
      WeakReference<ClassLoader> loader = useAndDrop(pool);
      Faults.awaitLong("the loader's end in the master").until(() -> {
        System.gc();
        return loader.get() == null;
      });
      Faults.awaitLong("its end in the worker").until(() -> {
        pool.apply(task(other, "calls"));
        return pool.apply(() -> {
          System.gc();
          return Remembered.loader.get() == null;
        });
      });
    }
  }

  // What a worker may ask for.

  @Test
  void lookup_namesThatLeadOutOfTheFolder_areRefused() throws IOException {
    Files.writeString(directory.resolve("secret"), "for nobody");
    TaskLoaders loaders = new TaskLoaders();
    ClassLookup lookup = new ClassLookup(loaders, List.of());
    // One that looks for files without any care.
    ClassLoader careless = new ClassLoader("careless", getClass().getClassLoader()) {
      @Override
      public InputStream getResourceAsStream(String name) {
        throw new AssertionError("asked for " + name);
      }

      @Override
      protected java.util.Enumeration<java.net.URL> findResources(String name) {
        throw new AssertionError("asked for " + name);
      }

      @Override
      protected Class<?> findClass(String name) {
        throw new AssertionError("asked for " + name);
      }
    };
    TaskLoaders.Origin origin = loaders.of(careless);
    for (String name : List.of(
        "../secret", "a/../../secret", "/etc/passwd", "a/..", "..", "a\\..\\b", "a\nb", "./x")) {
      assertThat(lookup.resources(origin, name).reason()).isEqualTo("the master refused the name");
      assertThat(lookup.type(origin, name, true).reason()).isEqualTo("the master refused the name");
    }
    for (String name : List.of("", "[B", "a/b", "x".repeat(5000))) {
      assertThat(lookup.type(origin, name, true).reason()).isEqualTo("the master refused the name");
    }
  }
}
