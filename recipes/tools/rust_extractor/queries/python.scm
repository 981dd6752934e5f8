(decorated_definition definition: (function_definition name: (identifier) @name)) @function
(function_definition name: (identifier) @name) @function
(decorated_definition definition: (class_definition name: (identifier) @name)) @type
(class_definition name: (identifier) @name) @type
(import_statement name: (dotted_name) @name) @import
(import_statement name: (aliased_import name: (dotted_name) @name)) @import
(import_from_statement module_name: (_) @name) @import
(module (expression_statement (assignment left: (identifier) @name)) @variable)
