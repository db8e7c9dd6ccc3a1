/**
 * Who may send how fast: a limit for the peer, a limit and a weight for each migration below it,
 * and what nobody uses lent to the others. Pure: time comes in as an argument; who waits is told
 * when it may go on.
 */
@NullMarked
package org.dcmigrate.protocol.rate;

import org.jspecify.annotations.NullMarked;
