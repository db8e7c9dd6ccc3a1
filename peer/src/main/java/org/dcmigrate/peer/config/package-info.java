/** The daemon's configuration: one YAML file, read once, every key known or refused. */
@NullMarked
package org.dcmigrate.peer.config;

import org.jspecify.annotations.NullMarked;
