/** What a peer remembers over a restart: the records of its machines, durable before they count. */
@NullMarked
package org.dcmigrate.peer.journal;

import org.jspecify.annotations.NullMarked;
