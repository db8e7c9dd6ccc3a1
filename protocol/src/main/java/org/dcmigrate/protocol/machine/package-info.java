/**
 * The three roles as pure functions: no clock, no thread, no socket, no randomness.
 *
 * <pre>
 *   source                          destination                       contributor (old destination)
 *     | Open, metadata  ------------->  Opened, Receiving                |
 *     | page chunks     ------------->                                   |
 *   Redirect to N                                                        |
 *     | Open, metadata  -------------------------> N                     |
 *     | Detach          ------------->  retires  --------------------->  Detached: inventory
 *     | Relay           ------------------------------------------------>  Relaying ----> N
 *     | pages the contributors lack ------------> N: higher generation wins
 *     | reconcile, guest stops                                           |
 *     | Prepare         ------------------------> N: verifies, loads, Prepared (on disk)
 *     | Granted (on disk), Commit --------------> N: Owned (on disk), guest runs
 *     | Ended (on disk), Release  -------------------------------------->  forgets
 * </pre>
 *
 * <p>Start reading at {@link org.dcmigrate.protocol.machine.SourceMachine}; its states are in
 * {@link org.dcmigrate.protocol.machine.SourceState}, what can happen in {@link
 * org.dcmigrate.protocol.machine.SourceInput}, and what it does about it in {@link
 * org.dcmigrate.protocol.machine.SourceOutput}. A peer that receives holds a {@link
 * org.dcmigrate.protocol.machine.HolderState}, driven by {@link
 * org.dcmigrate.protocol.machine.HolderMachine}: it hands over between {@link
 * org.dcmigrate.protocol.machine.DestinationMachine} and {@link
 * org.dcmigrate.protocol.machine.ContributorMachine}.
 *
 * <p>Pages never pass through here: the machines decide about peers, epochs and sets of pages.
 */
@NullMarked
package org.dcmigrate.protocol.machine;

import org.jspecify.annotations.NullMarked;
