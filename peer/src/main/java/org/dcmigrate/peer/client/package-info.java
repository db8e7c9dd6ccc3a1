/** Calls to other peers, in the words of the protocol instead of generated messages. */
@NullMarked
package org.dcmigrate.peer.client;

import org.jspecify.annotations.NullMarked;
