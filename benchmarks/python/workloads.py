"""The CPython side of benchmarks/side-by-side: one function per measurement, standard library only.

Run with the name of a measurement; prints its figures as JSON. Where it does not matter how children are started, the
default is used (fork on Linux up to Python 3.13); where it does, `spawn`, the only one that is safe with threads.
"""

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

MIB = 1 << 20
REPETITIONS = 3


def same(value):
    return value


def pid(_):
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def note_and_sleep(note):
    write(note)
    time.sleep(60)


def note_and_spin(note):
    write(note)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pass


def write(note):
    with open(note + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(note + ".new", note)


def await_note(note):
    while not os.path.exists(note):
        time.sleep(0.001)
    with open(note) as file:
        noted = int(file.read())
    os.remove(note)
    return noted


def quantile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(samples):
    return quantile(samples, 0.5)


def seconds(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def rate(things, step):
    """Things per second: the median of some repetitions, after one that does not count."""
    step()
    return things / median([seconds(step) for _ in range(REPETITIONS)])


def apply():
    with multiprocessing.Pool(2) as pool:
        pool.map(same, range(1000))
        samples = [seconds(lambda: pool.apply(same, (1,))) * 1e6 for _ in range(5000)]
    return {"p50": median(samples), "p99": quantile(samples, 0.99)}


def payload():
    block, count = b"x" * MIB, 100

    def step():
        for _ in range(count):
            assert len(pool.apply(same, (block,))) == MIB

    with multiprocessing.Pool(2) as pool:
        return {"rate": rate(2 * count, step)}


def submit():
    count = 30_000

    def with_pool():
        results = [pool.apply_async(same, (i,)) for i in range(count)]
        assert [result.get() for result in results][-1] == count - 1

    def with_executor():
        results = [executor.submit(same, i) for i in range(count // 3)]
        assert results[-1].result() == count // 3 - 1
        for result in results:
            result.result()

    with multiprocessing.Pool(2) as pool:
        pool_rate = rate(count, with_pool)
    with ProcessPoolExecutor(2) as executor:
        return {"rate": pool_rate, "executor": rate(count // 3, with_executor)}


def map():
    count = 2_000_000

    def step():
        assert pool.map(same, range(count))[-1] == count - 1

    with multiprocessing.Pool(2) as pool:
        return {"rate": rate(count, step)}


def map_one():
    count = 50_000

    def step():
        assert pool.map(same, range(count), chunksize=1)[-1] == count - 1

    with multiprocessing.Pool(2) as pool:
        return {"rate": rate(count, step)}


def imap_one():
    count = 50_000

    def step():
        assert sum(pool.imap_unordered(same, range(count), chunksize=1)) == count * (count - 1) // 2

    with multiprocessing.Pool(2) as pool:
        return {"rate": rate(count, step)}


def start():
    context = multiprocessing.get_context("spawn")

    def once():
        began = time.perf_counter()
        pool = context.Pool(2)
        assert pool.apply(same, (1,)) == 1
        took = time.perf_counter() - began
        pool.terminate()
        pool.join()
        return took * 1e3

    first = once()
    return {"first": first, "later": median([once() for _ in range(7)])}


def memory():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for i in range(100):
            worker = pool.apply(pid, (i,))
        time.sleep(1)
        return {
            "rss": megabytes(f"/proc/{worker}/status", "VmRSS:"),
            "pss": megabytes(f"/proc/{worker}/smaps_rollup", "Pss:"),
        }


def nothing():
    pass


def start_and_join(method):
    context = multiprocessing.get_context(method)

    def once():
        began = time.perf_counter()
        process = context.Process(target=nothing)
        process.start()
        process.join()
        assert process.exitcode == 0
        return (time.perf_counter() - began) * 1e3

    once()
    times = [once() for _ in range(31)]
    return {"p50": median(times), "min": min(times)}


def child_cold():
    return start_and_join("spawn")


def child_warm():
    """fork: the nearest thing that CPython has."""
    return start_and_join("fork")


def megabytes(path, key):
    with open(path) as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(f"{path} has no {key}")


def death():
    """ProcessPoolExecutor; multiprocessing.Pool never learns of it."""
    note = tempfile.mktemp()
    times, lost = [], []
    for _ in range(11):
        executor = ProcessPoolExecutor(2)
        victim = executor.submit(note_and_sleep, note)
        others = [executor.submit(sleep, 0.02) for _ in range(3)]
        worker = await_note(note)
        began = time.perf_counter()
        os.kill(worker, signal.SIGKILL)
        try:
            victim.result()
            raise AssertionError("the killed worker's task did not fail")
        except BrokenProcessPool:
            times.append((time.perf_counter() - began) * 1e3)
        lost.append(1 + sum(other.exception() is not None for other in others))
        executor.shutdown()
    return {"p50": median(times), "max": max(times), "lost": max(lost)}


def busy_master():
    notes = [tempfile.mktemp() for _ in range(2)]
    pool = multiprocessing.Pool(2)
    for note in notes:
        pool.apply_async(note_and_spin, (note,))
    for note in notes:
        await_note(note)
    print("ready", flush=True)
    time.sleep(60)


def value():
    count, value = 200_000, multiprocessing.Value("d", 0.0, lock=False)

    def step():
        for _ in range(count):
            value.value = value.value + 1

    return {"plain": 1e9 / rate(count, step)}


def array():
    count, array = 1_000_000, multiprocessing.Array("d", 1_000_000, lock=False)
    source, target = bytes(8 * count), memoryview(array).cast("B")

    def elements():
        for i in range(count):
            array[i] = i

    def bulk():
        for _ in range(10):
            target[:] = source

    return {"set": 1e9 / rate(count, elements), "bulk": rate(10, bulk) * 8 * count / 1e9}


def together(things, work, *arguments):
    """Things per second, in all, while this process and a child do the same: from the moment that the first one begins
    until both are done; the median of some repetitions, after one that does not count."""
    barrier = multiprocessing.Barrier(2)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=spans, args=(barrier, sender.send, work, arguments))
    child.start()
    mine = []
    spans(barrier, mine.extend, work, arguments)
    theirs = receiver.recv()
    child.join()
    times = [max(end, its_end) - min(start, its_start) for (start, end), (its_start, its_end) in zip(mine, theirs)]
    return things / median(times[1:])


def spans(barrier, report, work, arguments):
    """Reports when each repetition began and ended, on the clock that all processes share."""
    found = []
    for _ in range(1 + REPETITIONS):
        barrier.wait()
        start = time.perf_counter()
        work(*arguments)
        found.append((start, time.perf_counter()))
    report(found)


def round_trip(here, there, *arguments):
    """How long a round takes for which this process and a child have to wait for each other."""
    count, before = 50_000, 5_000
    child = multiprocessing.Process(target=there, args=(before + count, *arguments))
    child.start()
    samples = here(before + count, *arguments)[before:]
    child.join()
    assert child.exitcode == 0
    return {"p50": median(samples), "p99": quantile(samples, 0.99)}


def acquire_and_release(lock, count):
    for _ in range(count):
        lock.acquire()
        lock.release()


def lock():
    count = 500_000

    def free(lock):
        return 1e9 / rate(count, lambda: acquire_and_release(lock, count))

    return {"plain": free(multiprocessing.Lock()), "reentrant": free(multiprocessing.RLock())}


def lock_contended():
    count, lock = 1_000_000, multiprocessing.Lock()
    figures = {"rate": together(2 * count, acquire_and_release, lock, count)}
    assert lock.acquire(block=False)
    return figures


def increment(value, count):
    for _ in range(count):
        with value.get_lock():
            value.value += 1


def locked_increment():
    count, value = 100_000, multiprocessing.Value("q", 0)
    figures = {"rate": together(2 * count, increment, value, count)}
    assert value.value == 2 * count * (1 + REPETITIONS)
    return figures


def release_and_acquire(count, ping, pong):
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        ping.release()
        pong.acquire()
        samples.append((time.perf_counter() - began) * 1e6)
    return samples


def acquire_then_release(count, ping, pong):
    for _ in range(count):
        ping.acquire()
        pong.release()


def semaphore():
    ping, pong = multiprocessing.Semaphore(0), multiprocessing.Semaphore(0)
    figures = round_trip(release_and_acquire, acquire_then_release, ping, pong)
    assert not ping.acquire(block=False) and not pong.acquire(block=False)
    return figures


def send_and_receive(count, here, _):
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        here.send(1)
        here.recv()
        samples.append((time.perf_counter() - began) * 1e6)
    return samples


def receive_and_send(count, _, there):
    for _ in range(count):
        there.send(there.recv())


def pipe():
    return round_trip(send_and_receive, receive_and_send, *multiprocessing.Pipe())


def echo(there):
    message = there.recv_bytes()
    while message:
        there.send_bytes(message)
        message = there.recv_bytes()


def pipe_echo():
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(there,))
    child.start()
    message, count = b"x" * MIB, 500

    def step():
        for _ in range(count):
            here.send_bytes(message)
            assert len(here.recv_bytes()) == MIB

    result = rate(2 * count, step)
    here.send_bytes(b"")
    child.join()
    return {"rate": result}


def manager():
    with multiprocessing.Manager() as server:
        entries, elements = server.dict(), server.list()
        entries["key"] = 1
        count = 10_000

        def get():
            assert entries["key"] == 1

        for _ in range(2000):
            get()
        gets = [seconds(get) * 1e6 for _ in range(count)]
        appends = [seconds(lambda: elements.append(1)) * 1e6 for _ in range(count)]
        assert len(elements) == count
        lock, queue = server.Lock(), server.Queue()

        def lock_and_unlock():
            lock.acquire()
            lock.release()

        def put_and_take():
            queue.put(1)
            assert queue.get() == 1

        locks = [seconds(lock_and_unlock) * 1e6 for _ in range(count)]
        queues = [seconds(put_and_take) * 1e6 for _ in range(count)]
    return {"get": median(gets), "append": median(appends), "lock": median(locks), "queue": median(queues)}


def manager_puts():
    with multiprocessing.Manager() as server:
        entries = server.dict()
        count = 20_000

        def step():
            for number in range(count):
                entries[number % 1000] = number

        return {"rate": rate(count, step)}


def get_each(entries, count, meeting):
    for _ in range(count):
        assert entries["key"] == 1
    meeting.wait()
    for _ in range(count):
        assert entries["key"] == 1
    meeting.wait()


def manager_clients(count=128_000):
    figures = {}
    with multiprocessing.Manager() as server:
        entries = server.dict()
        entries["key"] = 1
        for clients in (1, 4, 16, 64):
            meeting = multiprocessing.Barrier(clients + 1)
            children = [
                multiprocessing.Process(target=get_each, args=(entries, count // clients, meeting)) for _ in range(clients)
            ]
            for child in children:
                child.start()
            meeting.wait()
            start = time.perf_counter()
            meeting.wait()
            figures[str(clients)] = count // clients * clients / (time.perf_counter() - start)
            for child in children:
                child.join()
    return figures


def put_all(queue, count, barrier, report):
    barrier.wait()
    report.send((time.perf_counter(), 0))
    for number in range(count):
        queue.put(number)


def take_all(queue, count, barrier, report):
    barrier.wait()
    for _ in range(count):
        queue.get()
    report.send((float("inf"), time.perf_counter()))


def messages(new_queue, pairs, count=200_000):
    rates = []
    for _ in range(REPETITIONS):
        queue = new_queue()
        barrier = multiprocessing.Barrier(2 * pairs)
        children, reports = [], []
        for work in (put_all, take_all) * pairs:
            near, far = multiprocessing.Pipe()
            child = multiprocessing.Process(target=work, args=(queue, count, barrier, far))
            child.start()
            children.append(child)
            reports.append(near)
        spans = [report.recv() for report in reports]
        for child in children:
            child.join()
        elapsed = max(end for _, end in spans) - min(start for start, _ in spans)
        rates.append(pairs * count / elapsed)
    return median(rates)


def queue():
    return {"rate": messages(multiprocessing.Queue, 1), "simple": messages(multiprocessing.SimpleQueue, 1)}


def queue_two():
    return {"rate": messages(multiprocessing.Queue, 2)}


def set_and_wait(count, ping, pong):
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        ping.set()
        pong.wait()
        pong.clear()
        samples.append((time.perf_counter() - began) * 1e6)
    return samples


def wait_then_set(count, ping, pong):
    for _ in range(count):
        ping.wait()
        ping.clear()
        pong.set()


def event():
    ping, pong = multiprocessing.Event(), multiprocessing.Event()
    figures = round_trip(set_and_wait, wait_then_set, ping, pong)
    assert not ping.is_set() and not pong.is_set()
    return figures


def meet(count, barrier):
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        barrier.wait()
        samples.append((time.perf_counter() - began) * 1e6)
    return samples


def barrier():
    barrier = multiprocessing.Barrier(2)
    figures = round_trip(meet, meet, barrier)
    assert barrier.n_waiting == 0
    return figures


MEASUREMENTS = {
    "apply": apply,
    "payload": payload,
    "submit": submit,
    "map": map,
    "map-one": map_one,
    "imap-one": imap_one,
    "start": start,
    "memory": memory,
    "child-cold": child_cold,
    "child-warm": child_warm,
    "death": death,
    "busy-master": busy_master,
    "value": value,
    "array": array,
    "lock": lock,
    "lock-contended": lock_contended,
    "locked-increment": locked_increment,
    "pipe": pipe,
    "pipe-echo": pipe_echo,
    "queue": queue,
    "queue-two": queue_two,
    "manager": manager,
    "manager-puts": manager_puts,
    "manager-clients": manager_clients,
    "semaphore": semaphore,
    "event": event,
    "barrier": barrier,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in MEASUREMENTS:
        sys.exit("one of these was expected: " + " ".join(MEASUREMENTS))
    print(json.dumps(MEASUREMENTS[sys.argv[1]]()))
