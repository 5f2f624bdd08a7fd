// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The server of a manager: {@link io.procpool.master.manager.ManagerServer} listens, {@link io.procpool.master.manager.ClientHandler} has one client, {@link
 * io.procpool.master.manager.ObjectTable} all objects. {@code Served…} are the kinds of objects; {@link io.procpool.master.manager.ServedObject} is those of the JDK and of users, of
 * which {@link io.procpool.master.manager.ObjectKind} says what can be called. {@link io.procpool.master.manager.Turns} has what
 * threads do with them. {@code …Content} finds out what a call changes, for {@link io.procpool.master.manager.Watchers}; {@code
 * Store…} keeps it, objects of users as a {@link io.procpool.master.manager.Family}. {@code …Tls…} and {@link io.procpool.master.manager.SelfSigned} encrypt; {@link io.procpool.master.manager.HalfOpen}, {@link
 * io.procpool.master.manager.Backlog}, {@link io.procpool.master.manager.AcceptPause} and {@link io.procpool.master.manager.GuestLog} are limits. Clients are in {@code
 * io.procpool.ipc.manager}.
 */
@NullMarked
package io.procpool.master.manager;

import org.jspecify.annotations.NullMarked;
